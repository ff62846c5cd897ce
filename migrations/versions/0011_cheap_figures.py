"""figures that are read cheaply: indexes, and the sum of all that was folded in rows of its own

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-26 06:10:00

"""

from collections import defaultdict
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EVER = datetime(1970, 1, 1, tzinfo=UTC)
tallies = sa.table(
    "tallies",
    sa.column("minute", sa.DateTime(timezone=True)),
    sa.column("source", sa.String(120)),
    sa.column("name", sa.String(40)),
    sa.column("labels", sa.String(500)),
    sa.column("value", sa.Double()),
)


def upgrade():
    _add_hours_to_the_totals(1)
    fresh = sa.text("source <> ''")
    op.create_index("ix_tallies_name_minute", "tallies", ["name", "minute"])
    op.create_index(
        "ix_tallies_fresh", "tallies", ["minute"], sqlite_where=fresh, postgresql_where=fresh
    )
    may_be_late = sa.text("ended_at IS NULL AND due_at IS NOT NULL")
    op.create_index(
        "ix_workflow_instances_due_at",
        "workflow_instances",
        ["due_at"],
        sqlite_where=may_be_late,
        postgresql_where=may_be_late,
    )


def downgrade():
    op.drop_index("ix_workflow_instances_due_at", table_name="workflow_instances")
    op.drop_index("ix_tallies_fresh", table_name="tallies")
    op.drop_index("ix_tallies_name_minute", table_name="tallies")
    _add_hours_to_the_totals(-1)


def _add_hours_to_the_totals(sign):
    """Before, the total was the sum of all rows; now the first of them hold the hours' sums too."""
    connection, sums = op.get_bind(), defaultdict(float)
    for which, factor in ((tallies.c.minute == EVER, 1), (tallies.c.minute > EVER, sign)):
        folded = sa.select(tallies.c.name, tallies.c.labels, sa.func.sum(tallies.c.value))
        folded = folded.where(which, tallies.c.source == "").group_by(*folded.selected_columns[:2])
        for name, labels, value in connection.execute(folded).all():
            sums[(name, labels)] += factor * value
    connection.execute(sa.delete(tallies).where(tallies.c.minute == EVER))
    rows = [
        {"minute": EVER, "source": "", "name": name, "labels": labels, "value": value}
        for (name, labels), value in sums.items()
        if value
    ]
    if rows:
        connection.execute(sa.insert(tallies), rows)
