"""how far the clocks of processes are off

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-25 23:30:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("worker_processes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clock_off", sa.Double(), nullable=True))


def downgrade():
    with op.batch_alter_table("worker_processes", schema=None) as batch_op:
        batch_op.drop_column("clock_off")
