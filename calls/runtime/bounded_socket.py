"""WebSockets of the daphne server: the frame of a text is made once for all the sockets it is sent to."""

import functools

from daphne.ws_protocol import WebSocketProtocol


class BoundedSocket(WebSocketProtocol):
    """A socket that accepts only short messages and sends texts of any length."""

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Send a text; the application sends nothing else."""
        # Written past autobahn, which would hold sent messages to the limit of received ones.
        if self.state == self.STATE_OPEN:
            self.transport.write(_text_frame(content))


@functools.lru_cache(maxsize=8)
def _text_frame(text: str) -> bytes:
    """Return the text as one WebSocket frame (RFC 6455, 5.2), made once for all the sockets it is sent to."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 2**16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
