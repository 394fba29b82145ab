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

"""A service that does nothing but tell systemd of it, as the worker does.

Run as a program: its exit status is cotyledon's.
"""

import threading
from typing import Any

import cotyledon

from glance_lifecycle.worker import notify_socket


class Service(cotyledon.Service):

    name = 'notifying'

    def __init__(self, number: Any,
                 manager: notify_socket.Manager) -> None:
        super().__init__(number)
        self._manager = manager
        self._stop = threading.Event()

    def run(self) -> None:
        self._manager.ready()
        self._manager.watch(list, self._stop)

    def terminate(self) -> None:
        self._stop.set()


def main() -> None:
    manager = notify_socket.taken()
    services = cotyledon.ServiceManager()
    services.add(Service, 1, (manager,))
    services.register_hooks(on_reload=manager.reloading,
                            on_terminate=manager.stopping)
    services.run()


if __name__ == '__main__':
    main()
