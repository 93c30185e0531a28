"""The channels that the settings name, put together."""

from __future__ import annotations

from core.clock import Clock
from core.database import Database
from core.settings_alarms import AlarmSettings
from desk.events import Events
from helpline.alarm_delivery import desk_pages
from helpline.alarm_delivery.delivery import Way
from helpline.alarm_delivery.desk_pages import DeskPages
from helpline.alarm_delivery.mail import Mail
from helpline.alarm_delivery.model import Rule
from helpline.alarm_delivery.phone import PhoneCall
from helpline.alarm_delivery.phone_orders import OrderedCaller
from helpline.alarm_delivery.webhook import Webhook


def ways(settings: AlarmSettings, clock: Clock, events: Events, db: Database) -> list[Way]:
    """The desk's pages and every channel of the settings. Secrets are not read yet."""
    found = [Way(channel=DeskPages(events), rule=Rule(channel=desk_pages.NAME))]
    for name, webhook in settings.webhooks.items():
        channel = Webhook(name, webhook, clock)
        found.append(Way(channel=channel, rule=Rule.of(channel.name, webhook)))
    for name, mail in settings.mails.items():
        by_mail = Mail(name, mail)
        found.append(Way(channel=by_mail, rule=Rule.of(by_mail.name, mail)))
    if settings.phone is not None:
        call = PhoneCall(db, clock, OrderedCaller(db, clock), ring_s=settings.phone.ring_s)
        found.append(Way(channel=call, rule=Rule.of(call.name, settings.phone)))
    return found
