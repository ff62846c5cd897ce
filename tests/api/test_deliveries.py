"""/deliveries: found, counted, and sent again together."""

from app import transaction
from tests.support.cast import person
from tests.support.telling import tell
from tests.support.workflows import begin, publish, task


def test_what_a_replay_would_send_is_counted_first_under_the_same_filter(admin, hash_quickly):
    publish(task("pack"))
    instance_id = begin()
    olga = person("olga@example.com")
    with transaction.writing() as session:
        for _ in range(2):
            tell(session, instance_id, olga.id)
    assert admin.get("/deliveries/count?state=SENT").json == {"count": 0}
    counted = admin.get(f"/deliveries/count?userId={olga.id}&channel=EMAIL").json["count"]
    assert counted == len(admin.get(f"/deliveries?userId={olga.id}").json["items"]) == 2
    which = {"userId": olga.id, "channel": "EMAIL"}
    assert admin.post("/deliveries/replay", which | {"expected": 1}).json["count"] == 2
    again = admin.post("/deliveries/replay", which | {"expected": counted})
    assert (again.status_code, len(again.json["items"])) == (201, 2)
