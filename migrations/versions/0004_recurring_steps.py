"""recurring steps, and dueAt

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-25 22:50:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIMES = ("occurrence_at", "recurs_from", "recurs_until")
_DUE = ("workflow_template_versions", "workflow_template_steps")


def upgrade():
    with op.batch_alter_table("workflow_instance_steps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("occurrence", sa.Integer(), nullable=True))
        for name in _TIMES:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for table in _DUE:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("due_at", sa.String(length=500), nullable=True))


def downgrade():
    for table in reversed(_DUE):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("due_at")
    with op.batch_alter_table("workflow_instance_steps", schema=None) as batch_op:
        for name in (*reversed(_TIMES), "occurrence"):
            batch_op.drop_column(name)
