"""Where the parts are: the one place that knows whether they are embedded or somebody else's."""

from __future__ import annotations

from pydantic import SecretStr

from core.settings import NodeSettings, Settings
from helpline.embedded import postgres
from helpline.embedded.asterisk import ari_password
from helpline.embedded.folders import Folders
from helpline.embedded.hosts import client_host
from ivr.asterisk_config import ARI_USER


def database_url(settings: Settings) -> str:
    """PostgreSQL's address for SQLAlchemy (`postgresql+psycopg://…`)."""
    named = settings.database.url.get_secret_value()
    if not named:
        return postgres.url(Folders.of(settings.data_dir))
    scheme, separator, rest = named.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in {"postgres", "postgresql"} else named


def nodes(settings: Settings) -> list[NodeSettings]:
    """Every Asterisk the program serves, with ARI's address and password. Raises OSError for an unreadable password file."""
    if settings.asterisk.nodes:
        return [node if node.password_file is None else _with_password(node) for node in settings.asterisk.nodes]
    host = client_host(settings.asterisk.http_bind)
    return [
        NodeSettings(
            name="main",
            url=f"http://{host}:{settings.asterisk.http_port}/ari",
            username=ARI_USER,
            password=SecretStr(ari_password(Folders.of(settings.data_dir))),
            prompts=str(settings.prompts_folder.absolute()),
        )
    ]


def _with_password(node: NodeSettings) -> NodeSettings:
    assert node.password_file is not None
    return node.model_copy(update={"password": SecretStr(node.password_file.read_text().strip())})
