"""PostgreSQL is stopped and started again in the middle of work."""

from devtools.drills.drill import FOLDER, Drill

POSTGRESQL = True


def run(drill: Drill) -> None:
    site, database = drill.site, drill.site.database
    assert database, "this drill needs an environment of its own, on PostgreSQL"
    key = drill.publish("kept", timeoutSeconds=20)
    drill.undo.callback(database.start)
    drill.undo.callback(site.answer_with, "default", f"{FOLDER}/kept")
    site.answer_with("slow", f"{FOLDER}/kept")
    orders = drill.begin(key, 4)
    site.page("/")  # signed in: nobody can be while the database is away
    drill.see("steps are under way", lambda: drill.received("kept"))
    drill.fault("PostgreSQL is stopped")
    database.stop("fast")
    drill.see("/healthz answers 200: the process lives", lambda: site.status("/healthz") == 200)
    drill.see("/readyz answers 503", lambda: site.status("/readyz") == 503)
    drill.see("/metrics answers 503: RunsheetDown", lambda: site.status("/metrics") == 503)
    drill.alerts.append("RunsheetDown")
    reads = lambda: site.ask("GET", "/queues").status_code == 503  # noqa: E731
    drill.see("the API answers 503", reads)
    drill.see("pages lead to the cure", drill.leads_to("/instances", "the-database-is-away"))
    drill.cure("start PostgreSQL")
    site.answer_with("default", f"{FOLDER}/kept")
    database.start()
    drill.over("/readyz answers 200", lambda: site.status("/readyz") == 200)
    drill.over("every order is completed", drill.all_are("COMPLETED", orders))
    drill.once_each("kept", orders)
