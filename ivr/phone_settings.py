"""What has to be entered into a counsellor's phone, and the same as text that common softphones read.

Formats, each as its maker or its users document it:

- Grandstream Wave scans a QR code that holds `<AccountConfig version="1"><Account>…` (its QR provisioning).
- Linphone reads an XML file of sections and entries from a URL ("remote provisioning"; keys `proxy_0`, `auth_info_0`).
- baresip reads a line of its `accounts` file (docs/examples/accounts in its repository).

Zoiper, MicroSIP and other phones take the plain list by hand; their QR codes belong to paid accounts with their makers.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import segno

from ivr.phone_rows import REALM

CODECS = ("G.711 A-law (PCMA)", "G.711 µ-law (PCMU)", "G.722", "Opus")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSettings:
    """One phone. `secret` is None where it is not known any more: only its digest is stored."""

    host: str
    port: int
    extension: str
    display_name: str
    secret: str | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """Host and port as a phone's "server" field takes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def rows(self) -> list[tuple[str, str]]:
        """Label (Korean / English) and value of everything a phone may ask for."""
        secret = (
            self.secret or "등록할 때 한 번만 표시됩니다. 새로 만들기: --new-secret / shown once when made; --new-secret makes a new one"
        )
        return [
            ("서버 / SIP server (domain, registrar)", self.host),
            ("포트 / Port", str(self.port)),
            ("전송 방식 / Transport", "UDP 또는 TCP / UDP or TCP"),
            ("사용자 이름 / Username (auth user)", self.extension),
            ("비밀번호 / Password", secret),
            ("인증 영역 / Realm (물으면 / if asked)", REALM),
            ("표시 이름 / Display name", self.display_name),
            ("음성 코덱 / Codecs", ", ".join(CODECS)),
            ("키 입력 / DTMF", "RFC 4733 (RFC 2833) 또는 SIP INFO / or SIP INFO"),
        ]

    def baresip_line(self) -> str:
        """A line for baresip's `accounts` file."""
        name = self.display_name.replace("\\", "").replace('"', "")
        return f'"{name}" <sip:{self.extension}@{self.server};transport=udp>;auth_user={self.extension};auth_pass={self._known()};regint=60'

    def grandstream_wave(self) -> str:
        """What Grandstream Wave scans. ASCII only: other letters in its QR codes are read differently from phone to phone."""
        values = {
            "RegisterServer": self.server,
            "UserID": self.extension,
            "AuthID": self.extension,
            "AuthPass": self._known(),
            "AccountName": f"annyeong120 {self.extension}",
            "DisplayName": self.extension,
        }
        body = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in values.items())
        return f'<?xml version="1.0" encoding="utf-8"?><AccountConfig version="1"><Account>{body}</Account></AccountConfig>'

    def linphone_xml(self) -> str:
        """A remote provisioning file for Linphone. It holds the password: serve it over HTTPS only, and not longer than needed."""
        name = self.display_name.replace("\\", "").replace('"', "")
        sections = {
            "sip": {"default_proxy": "0"},
            "proxy_0": {
                "reg_proxy": f"<sip:{self.server};transport=udp>",
                "reg_identity": f'"{name}" <sip:{self.extension}@{self.server}>',
                "reg_expires": "120",
                "reg_sendregister": "1",
                "publish": "0",
            },
            "auth_info_0": {"username": self.extension, "userid": self.extension, "passwd": self._known(), "realm": REALM},
        }
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">']
        for section, entries in sections.items():
            lines.append(f"  <section name={quoteattr(section)}>")
            lines += [f'    <entry name={quoteattr(key)} overwrite="true">{escape(value)}</entry>' for key, value in entries.items()]
            lines.append("  </section>")
        return "\n".join([*lines, "</config>", ""])

    def qr(self) -> str:
        """Grandstream Wave's QR code, drawn with half blocks for a terminal of at least 70 columns."""
        drawn = io.StringIO()
        # A screen has no creases: the lowest error correction gives the coarsest, best readable squares.
        segno.make_qr(self.grandstream_wave(), error="l", encoding="utf-8").terminal(out=drawn, border=2, compact=True)
        return drawn.getvalue()

    def _known(self) -> str:
        if self.secret is None:
            raise ValueError("the secret is not stored; make a new one")
        return self.secret
