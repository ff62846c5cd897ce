"""A step takes down each worker that carries it out: it is set aside, and others go on."""

from collections.abc import Callable

from devtools.drills.drill import FOLDER, Drill
from devtools.drills.scenes.worker_killed import holders
from devtools.drills.site import PATIENCE, wait_until

POISONED = "runsheet_steps_poisoned > 0"


def run(drill: Drill) -> None:
    site = drill.site
    key, harmless = drill.publish("poison"), drill.publish("harmless")
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/poison")
    site.answer_with("slow", f"{FOLDER}/poison")
    (order,) = drill.begin(key)
    others = drill.begin(harmless, 3)
    drill.fault("whichever worker has the step is killed, again and again")
    count = kill_all(drill, order)
    drill.see(f"it is set aside, after {count} workers", is_poisoned(drill, order))
    drill.alert("RunsheetStepsPoisoned", POISONED)
    drill.see("its page leads here", drill.leads_to(f"/instances/{order}", "a-step-is-poisoned"))
    drill.see("others go on", drill.all_are("COMPLETED", others))
    drill.cure("what killed the workers is mended; retry the step")
    site.answer_with("default", f"{FOLDER}/poison")
    wish = {"reason": "A drill: the cause is mended."}
    site.api("POST", f"/instances/{order}/steps/post/retry", wish)
    drill.over("the order is completed", drill.all_are("COMPLETED", [order]))
    drill.once_each("poison", [order])


def kill_all(drill: Drill, order: int) -> int:
    """Kill whoever has the step until it is set aside; returns how many died."""
    killed = set[int]()
    poisoned = is_poisoned(drill, order)

    def kill_or_see() -> bool:
        for pid in {*holders(drill, order)} - killed:
            drill.site.kill(pid)
            killed.add(pid)
        return poisoned()

    # It rests longer after each loss.
    wait_until(kill_or_see, "the step is set aside", PATIENCE * drill.site.settings.poison_after)
    return len(killed)


def is_poisoned(drill: Drill, order: int) -> Callable[[], bool]:
    return lambda: drill.step(order)["actionState"] == "POISONED"
