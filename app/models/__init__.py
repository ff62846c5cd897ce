"""What is stored. Rows have no side effects; `domain` has the verbs."""

from app.models.execution import (
    AutomationExecutionLog,
    AutomationJob,
    Callback,
    Execution,
    QueuePause,
    Tally,
    WorkerProcess,
)
from app.models.incident import Incident
from app.models.instance import Event, WorkflowInstance, WorkflowInstanceStep
from app.models.notification import (
    InboxMessage,
    Notice,
    NotificationDelivery,
    NotificationDeliveryLog,
    NotificationTemplate,
    NotificationTemplateVersion,
    PushSubscription,
)
from app.models.people import (
    ApiToken,
    AuditEntry,
    BrowserSession,
    Group,
    GroupMember,
    IdempotencyKey,
    SignInFailure,
    SignInLink,
    User,
)
from app.models.schedule import Schedule, ScheduleFire
from app.models.secret import Secret
from app.models.template import WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion

__all__ = [
    "ApiToken",
    "AuditEntry",
    "AutomationExecutionLog",
    "AutomationJob",
    "BrowserSession",
    "Callback",
    "Event",
    "Execution",
    "Group",
    "GroupMember",
    "IdempotencyKey",
    "InboxMessage",
    "Incident",
    "Notice",
    "NotificationDelivery",
    "NotificationDeliveryLog",
    "NotificationTemplate",
    "NotificationTemplateVersion",
    "PushSubscription",
    "QueuePause",
    "Schedule",
    "ScheduleFire",
    "Secret",
    "SignInFailure",
    "SignInLink",
    "Tally",
    "User",
    "WorkerProcess",
    "WorkflowInstance",
    "WorkflowInstanceStep",
    "WorkflowTemplate",
    "WorkflowTemplateStep",
    "WorkflowTemplateVersion",
]
