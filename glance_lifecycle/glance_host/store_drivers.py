# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Which of glance_store's drivers a command loads."""

from collections.abc import Generator
from collections.abc import Iterable
import contextlib
from typing import Any

from glance_store import multi_backend


@contextlib.contextmanager
def only(kinds: Iterable[str]) -> Generator[None, None, None]:
    """While options of stores are registered, no other driver is loaded.

    ``register_store_opts`` loads all that are installed, to learn their
    options: with a store of files, 25 MiB more and 0.2 s (boto3 and
    Ceph's libraries), and a line for each that lacks a library, as if
    something were wrong.

    :param kinds: names of drivers, as in enabled_backends
    """
    wanted = sorted(set(kinds))
    load = multi_backend._load_multi_store  # noqa: SLF001 - glance_store's

    def options() -> dict[str, Any]:
        # None: it cannot be loaded, and the log says so.
        drivers = {kind: load(None, kind, False) for kind in wanted}
        return {kind: driver.OPTIONS for kind, driver in drivers.items()
                if getattr(driver, 'OPTIONS', None) is not None}

    listing = multi_backend._list_driver_opts  # noqa: SLF001 - the same
    multi_backend._list_driver_opts = options  # noqa: SLF001
    try:
        yield
    finally:
        multi_backend._list_driver_opts = listing  # noqa: SLF001
