"""Redis stopped, and back with nothing in it: work goes on all the while."""

import redis

from devtools.drills.drill import Drill
from devtools.drills.site import Site


def run(drill: Drill) -> None:
    site = drill.site
    key = drill.publish("bells")
    drill.undo.callback(site.let_go, "redis")
    drill.fault("Redis is stopped; what it held is gone")
    site.hold("redis")
    drill.see("/readyz answers 503 and names it", lambda: not site.ready()["checks"]["redis"]["ok"])
    drill.see("the banner says so", drill.banner_says("Redis does not answer"))
    orders = drill.begin(key, 3)
    drill.see("steps go on without it", drill.all_are("COMPLETED", orders))
    drill.cure("start Redis; nothing has to be put back")
    site.let_go("redis")
    drill.over("/readyz answers 200", lambda: site.status("/readyz") == 200)
    more = drill.begin(key, 3)
    drill.over("steps are completed", drill.all_are("COMPLETED", more))
    drill.over("all workers wait for its bells again", lambda: listening(site) >= workers(site))
    drill.once_each("bells", orders + more)


def workers(site: Site) -> int:
    listeners = (("worker", "workflow-automation"), ("notifier", "workflow-notifications"))
    return sum(len(site.workers(kind, queue)) for kind, queue in listeners)


def listening(site: Site) -> int:
    """How many wait for a bell: rq moves it to a list of its own when it rings."""
    with redis.Redis.from_url(site.settings.redis_url) as client:
        return sum(one["cmd"] == "blmove" for one in client.client_list())
