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

"""Names of objects in the answers of a service that was asked to encode them.

XML has no place for many of the characters that a name may have.
"""

from typing import Any
import urllib.parse

#: Of a listing: how names are to be encoded.
TYPE = 'url'


def name(page: dict[str, Any], text: str) -> str:
    """As an object is called.

    Not each service encodes what it is asked to.
    """
    return (urllib.parse.unquote_plus(text)
            if page.get('EncodingType') == TYPE else text)


def marker(page: dict[str, Any], last: str) -> str:
    """Where the next page begins; empty for none.

    The radosgw encodes names, and not this one, which is always the last
    name of the page.

    :param last: of the page
    """
    text = str(page.get('NextKeyMarker') or '')
    return text if text == last else name(page, text)
