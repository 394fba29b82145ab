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

"""A service behind an SDK proxy, at the level of HTTP answers."""

import collections
from collections.abc import Mapping
import json
from typing import Any

import requests

#: path -> what is answered: JSON, a status, an exception
Answers = dict[str, Any]


def response(status: int, body: Any = None) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.url = 'http://127.0.0.1/'
    made.headers['Content-Type'] = 'application/json'
    made._content = json.dumps(body).encode()
    made.request = requests.Request('GET', made.url).prepare()
    return made


class Client:
    """Answers GET with what ``answer(path, query)`` gives.

    :ivar asked: the queries, in order
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, params: Mapping[str, Any],
            microversion: str | None = None) -> requests.Response:
        self.asked.append((path, dict(params)))
        found = self._answer(path, dict(params))
        if isinstance(found, Exception):
            raise found
        if isinstance(found, int):
            return response(found, {})
        return response(200, found)


def paged(key: str, items: list[dict[str, Any]], size: int = 2,
          gone: tuple[str, ...] = ()) -> Any:
    """An answer by pages.

    :param gone: markers that are refused, as they were deleted meanwhile
    """
    def answer(_path: str, query: dict[str, Any]) -> Any:
        ids = [item['id'] for item in items]
        start = 0
        if 'marker' in query:
            if query['marker'] in gone:
                return 400
            start = ids.index(query['marker']) + 1
        body: dict[str, Any] = {key: items[start:start + size]}
        if start + size < len(items):
            body[key + '_links'] = [{'rel': 'next', 'href': 'elsewhere'}]
        return body
    return answer


Access = collections.namedtuple('Access', 'role_names')


class Auth:

    def __init__(self, *roles: str) -> None:
        self._roles = roles

    def get_access(self, _session: Any) -> Access:
        return Access(self._roles)


class Connection:
    """As far as providers look at one."""

    def __init__(self, *roles: str, project: str = 'p',
                 **clients: Client) -> None:
        self.session = self
        self.auth = Auth(*roles)
        self.current_project_id = project
        for name, client in clients.items():
            setattr(self, name, client)
