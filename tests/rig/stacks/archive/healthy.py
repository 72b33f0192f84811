"""Exit 0 when GET of the port and path in the arguments answers 200: python3 -IS healthy.py 8000 /health.

Only `socket`, because it runs every few seconds for as long as the service lives.
"""

import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2) as connection:
    connection.sendall(f"GET {sys.argv[2]} HTTP/1.0\r\n\r\n".encode())
    sys.exit(b" 200 " not in connection.recv(64))
