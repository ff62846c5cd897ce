"""drafts that have faults, and steps that can be put back

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-26 02:10:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = ("editing", "removed_steps")


def upgrade():
    with op.batch_alter_table("workflow_templates", schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, sa.JSON(none_as_null=True), nullable=True))


def downgrade():
    with op.batch_alter_table("workflow_templates", schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.drop_column(name)
