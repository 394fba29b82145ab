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

"""How the jobs of imports are told from all others."""

KIND = 'import'


def purpose(host: str, task_id: str) -> str:
    """Of one import: its journal and its staged file are on that host."""
    return f'{of_host(host)}{task_id}'


def of_host(host: str) -> str:
    """What the purposes of all imports of a host begin with."""
    return f'{KIND}:{host}:'


def task_id(purpose: str) -> str:
    """Of which import; whatever a stranger may have written there."""
    return purpose.rpartition(':')[2]


def is_import(purpose: str) -> bool:
    return purpose.startswith(KIND + ':')
