"""Redis stopped, and back with nothing in it: work goes on all the while."""

from devtools.drills.drill import Drill


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
    drill.over("bells are heard again, and steps completed", drill.all_are("COMPLETED", more))
    drill.once_each("bells", orders + more)
