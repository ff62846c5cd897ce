"""/channels: what works here, and a test of each."""

from tests.support.cast import person


def test_channels_say_what_they_lack(caller):
    found = {each["name"]: each for each in caller("viewer").get("/channels").json["items"]}
    assert [*found] == ["EMAIL", "SMS", "PUSH", "CHAT", "IN_APP", "WEBHOOK"]
    assert found["IN_APP"]["missing"] is None
    assert "SMTP_URL" in found["EMAIL"]["missing"]


def test_a_test_is_a_delivery_to_somebody_or_to_a_place(admin, hash_quickly):
    person("olga@example.com")
    answer = admin.post("/channels/IN_APP/test", {"recipient": "olga@example.com"})
    assert (answer.status_code, answer.json["recipient"]) == (201, "olga@example.com")
    assert admin.get(answer.headers["Location"]).json == answer.json
    url = "https://hooks.example.com/runsheet"
    assert admin.post("/channels/WEBHOOK/test", {"recipient": url}).json["address"] == url
    said = [each["after"] for each in admin.get("/audit?action=channel.tested").json["items"]]
    assert said == [{"recipient": url}, {"recipient": "olga@example.com"}]


def test_a_test_to_nobody_is_refused_at_its_field(admin):
    for channel, recipient in (("EMAIL", "nobody@example.com"), ("WEBHOOK", "ftp://example.com")):
        refused = admin.post(f"/channels/{channel}/test", {"recipient": recipient})
        assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "recipient")
    assert admin.post("/channels/PIGEON/test", {"recipient": "x"}).status_code == 404
