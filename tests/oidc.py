"""Who vouches for people, in a test: a small OpenID provider on this machine, which believes whatever it is told.

It speaks what a login needs of OpenID Connect: discovery, the authorization code with PKCE, tokens that are signed by a
key of its own, and logging out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "explorer", "a secret of the client that nobody may see"


@dataclass
class Provider:
    """A running provider.

    Attributes:
        url: its address.
        person: the claims about whoever logs in next.
        changed: claims of the next tokens, in place of those that they should have: ``nonce``, ``aud``, ``iat`` …
        forged: the next tokens are signed by a key that is not the provider's.
        asked: the paths that were asked for.
    """

    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    forged: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from joserfc.jwk import RSAKey

        self.key, self.other = (RSAKey.generate_key(2048, {"kid": "1"}, private=True) for _ in range(2))

    def token(self, asked: dict[str, str]) -> str:
        """An identity token for who was asked about."""
        from joserfc import jwt

        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 3600, "nonce": asked["nonce"]}
        key = self.other if self.forged else self.key
        return jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, **self.person, **self.changed}, key)

    def secrets_toml(self, site: str = "http://127.0.0.1:{port}") -> str:
        """The section that a dashboard on this machine needs to be logged into by this provider."""
        section = {
            "redirect_uri": f"{site}/oauth2callback",
            "cookie_secret": secrets.token_hex(),
            "client_id": CLIENT,
            "client_secret": SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        return "\n".join(["[auth]", *(f"{name} = {json.dumps(value)}" for name, value in section.items())])


class _Answers(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        self.provider.asked.append(path)
        if path == "/.well-known/openid-configuration":
            self._json(_about(self.provider.url))
        elif path == "/jwks":
            self._json({"keys": [self.provider.key.as_dict(private=False)]})
        elif path == "/authorize" and asked["client_id"] == CLIENT:
            code = secrets.token_hex()
            self.provider.codes[code] = asked
            self._to(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        elif path == "/logout":
            self._to(asked["post_logout_redirect_uri"])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        given = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        self.provider.asked.append(self.path)
        asked = self.provider.codes.pop(given.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or self.headers["Authorization"] != f"Basic {basic}":
            self.send_error(401)
            return
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        self._json(
            {"access_token": "1", "token_type": "Bearer", "expires_in": 60, "id_token": self.provider.token(asked)}
        )

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _to(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: object) -> None:
        """Nothing: a test says what was asked."""


def _about(url: str) -> dict[str, Any]:
    return {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/jwks",
        "end_session_endpoint": f"{url}/logout",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    }


@contextmanager
def provide() -> Iterator[Provider]:
    """Run a provider on a free port of this machine."""
    provider = Provider()
    handler = type("Answers", (_Answers,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(10)
