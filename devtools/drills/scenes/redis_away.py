"""Redis stopped, and back with nothing in it: work goes on all the while."""

import redis

from devtools.drills.drill import Drill
from devtools.drills.site import Site

QUEUES = ("workflow-automation", "workflow-notifications")


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
    drill.over("workers and notifiers listen there again", lambda: listen(site))
    drill.once_each("bells", orders + more)


def listen(site: Site) -> bool:
    """Whether rq knows of somebody on each queue: it forgot all of them."""
    with redis.Redis.from_url(site.settings.redis_url) as client:
        return all(client.scard(f"rq:workers:{queue}") for queue in QUEUES)
