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

"""GLC913"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class HostsDiffer(check.LiveCheck):
    """One glance-api does not answer as the others do.

    Behind one endpoint, every request may go to any of them. If one was not
    upgraded, or not restarted, what works now fails a moment later: an import
    into a store that only some know, a method that only some take.

    Make their files the same, and restart them. The versions that glance-api
    names follow from its release, and from whether it has several stores and a
    cache.
    """

    code = 'GLC913'
    bad = (
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "methods": '
         '["glance-direct"]}, {"url": "http://192.0.2.2:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "methods": []}]}'},
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "stores": ["a", '
         '"b"]}, {"url": "http://192.0.2.2:9292", "by": "--api-url", '
         '"versions": ["v2.0", "v2.15"], "stores": ["b", "a"]}]}'},
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"]}, {"url": '
         '"http://192.0.2.2:9292", "by": "--api-url", "versions": ["v2.0", '
         '"v2.16"]}]}'},
    )
    good = (
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "methods": ["a"], '
         '"stores": ["a"]}, {"url": "http://192.0.2.2:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "methods": ["a"], '
         '"stores": ["a"]}]}'},
        # What was not asked for is not compared, nor one that is away, nor
        # an endpoint, which may have methods of its own.
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"], "methods": ["a"]}, '
         '{"url": "http://192.0.2.2:9292", "by": "worker_self_reference_url '
         'of host b", "versions": ["v2.0", "v2.15"]}, {"url": '
         '"http://192.0.2.3:9292", "by": "--api-url", "away": "it cannot be '
         'asked (ConnectFailure)"}, {"url": "https://image", "by": "the '
         'public endpoint of region R", "catalogue": true, "versions": '
         '["v2.0", "v2.15"], "methods": []}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        every = [one for one in live.answers
                 if one.versions and not one.catalogue]
        for what, severity in (('versions', check.WARNING),
                               ('methods', check.WARNING),
                               ('stores', check.ERROR)):
            groups: dict[tuple[str, ...], list[str]] = {}
            for one in every:
                said = getattr(one, what)
                if said is not None:
                    groups.setdefault(
                        said if what == 'stores' else tuple(sorted(said)),
                        []).append(one.url)
            if len(groups) > 1:
                yield self.found(
                    (), _WORDS[what], '%s.' % '; '.join(
                        '%s: %s' % (', '.join(urls[:_MOST]), _shown(said))
                        for said, urls in sorted(groups.items())[:_MOST]),
                    'Make the files of these hosts the same, and restart '
                    'glance-api on each.', severity=severity)


_WORDS = {'versions': 'versions of the API', 'methods': 'import methods',
          'stores': 'stores, the default first'}
_MOST = 5


def _shown(said: Sequence[str]) -> str:
    return masking.name(', '.join(said)) or 'none'
