"""A real Asterisk with a dialplan of the test's own: what the kit itself is tested against.

It knows nothing of annyeong120's own configuration, so a fault there cannot hide one in the kit.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deploy.machine.asterisk_tree import cache_folder, find_tree
from tests.kit.ports import free_port, free_range
from tests.kit.until import until_blocking

_MODULES = """
    res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject res_pjsip res_pjsip_session res_pjsip_pubsub
    res_pjsip_authenticator_digest res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_registrar res_pjsip_sdp_rtp
    res_pjsip_dtmf_info res_pjsip_caller_id res_pjsip_nat res_pjsip_rfc3326 res_rtp_asterisk res_musiconhold chan_pjsip pbx_config app_dial
    app_echo app_playtones app_read app_stack app_verbose codec_alaw codec_ulaw codec_a_mu codec_resample format_pcm format_wav format_sln
    func_callerid func_channel func_logic func_strings bridge_simple bridge_softmix
"""

_DIALPLAN = """
[phones]
exten => echo,1,Answer()
 same => n,Echo()
exten => tone,1,Answer()
 same => n,PlayTones(!620/600000)
 same => n,Wait(120)
exten => digits,1,Answer()
 same => n,PlayTones(!440/600000)
 same => n,Read(pressed,,8,,1,2)
 same => n,Log(NOTICE,digits=<${pressed}>)
 same => n,Hangup()
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => busy,1,Hangup(17)
exten => _uas-X!,1,Dial(PJSIP/uas/sip:phone@127.0.0.2:${EXTEN:4},20)
 same => n,Hangup()
exten => _X!,1,Log(NOTICE,caller=<${CALLERID(num)}> name=<${CALLERID(name)}> pres=<${CALLERID(pres)}>)
 same => n,Dial(PJSIP/${EXTEN},20)
 same => n,Log(NOTICE,dial=<${DIALSTATUS}> cause=<${HANGUPCAUSE}>)
 same => n,Hangup()
"""


def asterisk_tree() -> Path | None:
    """Root of the unpacked Asterisk: the environment's, else the one `make` keeps; None when there is none."""
    if named := os.environ.get("ANNYEONG120_ASTERISK_TREE"):
        return Path(named)
    tree = find_tree(cache_folder())
    return tree.root if tree else None


def asterisk_command(tree: Path) -> list[str]:
    """The command that runs the tree's Asterisk with the tree's own C library."""
    libraries = next((tree / "usr/lib").glob("*-linux-gnu"))
    loader = next(libraries.glob("ld-linux*.so.*"))
    return [str(loader), "--library-path", f"{libraries}:{libraries / 'asterisk'}", str(tree / "usr/sbin/asterisk")]


class BareAsterisk:
    """`with BareAsterisk(tree, folder, phones={"101": "secret"}) as asterisk:`; keep `folder` short (unix socket)."""

    def __init__(self, tree: Path, folder: Path, *, phones: Mapping[str, str], trunk_address: str = "127.0.0.2") -> None:
        self.tree = tree
        self.folder = folder
        self.phones = phones
        self.trunk_address = trunk_address
        self.port = free_port()
        self.rtp_first = free_range(200)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the dialplan and Asterisk itself have logged."""
        path = self.folder / "log" / "messages"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        self._write()
        with (self.folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [*asterisk_command(self.tree), "-C", str(self.folder / "asterisk.conf"), "-f"], stdout=console, stderr=console
            )
        until_blocking(self._booted, 30, lambda: self.log[-2000:], every_s=0.1)
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def command(self, line: str, *, check: bool = True) -> str:
        """Run a console command."""
        done = subprocess.run(
            [*asterisk_command(self.tree), "-C", str(self.folder / "asterisk.conf"), "-rx", line],
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(done.stderr or done.stdout)
        return done.stdout

    def _booted(self) -> bool:
        return (self.folder / "run/asterisk.ctl").exists() and "fully booted" in self.command("core waitfullybooted", check=False)

    def _write(self) -> None:
        tree, folder = self.tree, self.folder
        for name in ("etc", "run", "log", "spool", "lib", "db"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        libraries = next((tree / "usr/lib").glob("*-linux-gnu"))
        directories = {
            "astetcdir": folder / "etc", "astmoddir": libraries / "asterisk/modules", "astvarlibdir": folder / "lib",
            "astdbdir": folder / "db", "astdatadir": tree / "usr/share/asterisk", "astspooldir": folder / "spool",
            "astrundir": folder / "run", "astlogdir": folder / "log",
        }  # fmt: skip
        lines = ["[directories]", *(f"{key} => {value}" for key, value in directories.items())]
        (folder / "asterisk.conf").write_text("\n".join([*lines, "[options]", "hideconnect=yes", ""]))
        etc = folder / "etc"
        (etc / "modules.conf").write_text("\n".join(["[modules]", "autoload=no", *(f"load={name}.so" for name in _MODULES.split()), ""]))
        (etc / "logger.conf").write_text("[general]\n[logfiles]\nmessages => notice,warning,error,verbose\n")
        (etc / "rtp.conf").write_text(f"[general]\nrtpstart={self.rtp_first}\nrtpend={self.rtp_first + 199}\nicesupport=no\n")
        (etc / "musiconhold.conf").write_text("")
        (etc / "extensions.conf").write_text(_DIALPLAN)
        (etc / "pjsip.conf").write_text(self._pjsip())

    def _pjsip(self) -> str:
        common = "type=endpoint\ncontext=phones\ndisallow=all\nallow=alaw,ulaw\ndtmf_mode=auto_info\ndirect_media=no\nrtp_symmetric=yes\n"
        return "\n".join(
            [
                "[global]\ntype=global\nendpoint_identifier_order=auth_username,username,ip\n",
                *(f"[{protocol}]\ntype=transport\nprotocol={protocol}\nbind=127.0.0.1:{self.port}\n" for protocol in ("udp", "tcp")),
                f"[trunk]\n{common}trust_id_inbound=yes\n[trunk]\ntype=identify\nendpoint=trunk\nmatch={self.trunk_address}\n",
                f"[uas]\n{common}aors=uas\n",
                *(
                    f"[{user}]\n{common}auth={user}\naors={user}\n"
                    f"[{user}]\ntype=auth\nauth_type=userpass\nusername={user}\npassword={secret}\n"
                    f"[{user}]\ntype=aor\nmax_contacts=1\nremove_existing=yes\n"
                    for user, secret in self.phones.items()
                ),
            ]
        )
