"""Where the parts are: the one place that knows whether they are embedded or somebody else's."""

from __future__ import annotations

import os
import secrets

from pydantic import SecretStr

from core.settings import NodeSettings, Settings
from helpline.embedded.folders import Folders
from helpline.embedded.hosts import client_host
from ivr.asterisk_config import ARI_USER

#: Name of the embedded server's one database, and who we are there.
DATABASE = "annyeong120"
SUPERUSER = "postgres"


def database_url(settings: Settings) -> str:
    """PostgreSQL's address for SQLAlchemy (`postgresql+psycopg://…`)."""
    named = settings.database.url.get_secret_value()
    if not named:
        return postgres_url(Folders.of(settings.data_dir))
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


def postgres_url(folders: Folders) -> str:
    """The embedded server's address for SQLAlchemy."""
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={folders.postgres_socket}"


def ari_password(folders: Folders) -> str:
    """ARI's password, made at first use and kept in a file only its owner can read."""
    path = folders.secrets / "ari.password"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()


def _with_password(node: NodeSettings) -> NodeSettings:
    assert node.password_file is not None
    return node.model_copy(update={"password": SecretStr(node.password_file.read_text().strip())})
