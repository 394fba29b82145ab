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

"""The user's connection, made when it is first needed.

A command that may do its work without a cloud says ``auth_required = False``,
and then the shell, which asks before it reads the arguments, has not
authenticated.
"""

from typing import Any


def of(command: Any) -> Any:
    """The ``openstack.connection.Connection`` of the user.

    :param command: the osc-lib command that runs
    """
    if not command.auth_required:
        command.auth_required = True
        command.app.prepare_to_run_command(command)
    return command.app.client_manager.sdk_connection
