"""Exit 0 when the address in the first argument answers 200."""

import sys
import urllib.request

sys.exit(urllib.request.urlopen(sys.argv[1], timeout=2).status != 200)
