"""How pjsua2 and the account of a simulated phone are set up. Only used inside the phone's own process."""

from __future__ import annotations

from dataclasses import dataclass, field

import pjsua2 as pj


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneConfig:
    """The first line on the phone's standard input."""

    user: str
    secret: str
    server: str
    port: int
    transport: str = "udp"
    #: Local address: where the phone's SIP and RTP come from.
    address: str = "127.0.0.1"
    #: Its SIP port; 0: any. A trunk's far end must be where calls are sent.
    sip_port: int = 0
    #: First RTP port of this phone; it uses up to 20 from there.
    rtp_port: int = 0
    #: The caller's name and address as sent in From; empty: `sip:user@server`.
    from_uri: str = ""
    codecs: list[str] = field(default_factory=lambda: ["PCMA", "PCMU"])
    expires_s: int = 60
    listen_for: list[int] = field(default_factory=list)
    record: str = ""
    log: str = ""


def start_library(config: PhoneConfig) -> pj.Endpoint:
    """Start the library: one transport, no sound device, only the codecs named. Raises pj.Error."""
    setup = pj.EpConfig()
    # No worker thread: callbacks arrive in the main thread, inside libHandleEvents.
    setup.uaConfig.threadCnt = 0
    setup.uaConfig.mainThreadOnly = False
    setup.uaConfig.maxCalls = 16
    setup.uaConfig.userAgent = "annyeong120 softphone"
    setup.logConfig.consoleLevel = 0
    setup.logConfig.level = 4 if config.log else 0
    setup.logConfig.filename = config.log
    media = setup.medConfig
    media.clockRate = media.sndClockRate = 8000
    media.channelCount = 1
    # Silence is sent too: a phone whose RTP stops looks dead.
    media.noVad = True
    media.ecTailLen = 0
    media.quality = 1
    media.sndAutoCloseTime = -1
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(setup)
    bind = pj.TransportConfig()
    bind.boundAddress = config.address
    bind.port = config.sip_port
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP if config.transport == "udp" else pj.PJSIP_TRANSPORT_TCP, bind)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    for codec in endpoint.codecEnum2():
        wanted = [index for index, name in enumerate(config.codecs) if codec.codecId.upper().startswith(f"{name.upper()}/8000")]
        endpoint.codecSetPriority(codec.codecId, 255 - wanted[0] if wanted else 0)
    return endpoint


def account_config(config: PhoneConfig) -> pj.AccountConfig:
    """The phone's account; it registers only when told to."""
    suffix = ";transport=tcp" if config.transport == "tcp" else ""
    account = pj.AccountConfig()
    account.idUri = config.from_uri or f"sip:{config.user}@{config.server}"
    account.regConfig.registrarUri = f"sip:{config.server}:{config.port}{suffix}"
    account.regConfig.registerOnAdd = False
    account.regConfig.timeoutSec = config.expires_s
    account.regConfig.retryIntervalSec = 2
    account.regConfig.firstRetryIntervalSec = 1
    account.regConfig.unregWaitMsec = 500
    if config.secret:
        account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", config.user, 0, config.secret))
    account.natConfig.contactRewriteUse = 0
    account.natConfig.udpKaIntervalSec = 0
    account.mediaConfig.transportConfig.boundAddress = config.address
    if config.rtp_port:
        account.mediaConfig.transportConfig.port = config.rtp_port
        account.mediaConfig.transportConfig.portRange = 20
    return account
