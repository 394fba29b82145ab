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

"""A cache is full: which, of what, and who should have emptied it."""

from glance_lifecycle.audit.caches import glance_advice
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.policy import units

CODES = frozenset(('GLC213', 'GLC706', 'GLC801', 'GLC816', 'GLC817',
                   'GLC818', 'GLC823', 'GLC824'))

_ASK_EACH = ('Ask as an administrator, with --api-url of each glance-api: it '
             'answers for its own cache only.')
_LIMIT_DIFFERS = ('The limit is not the same on each host: give the files of '
                  'one, and --api-url of its glance-api.')
_COMPUTE = ('Run glance-lifecycle-compute-cache on the compute whose disk is '
            'full: only there the files of _base can be seen.')


def walk(known: knowns.Known, path: paths.Path) -> None:
    _glance(known, path)
    novas = list(known.of(services.NOVA))
    if not novas:
        path.ask('Does Nova remove what it has cached?', None,
                 needed=paths.GIVE_NOVA)
    for service in novas:
        path.ask('Does Nova remove unused images, on %s?' % masking.name(
            service.name), _cleaned(service),
            'As [image_cache] remove_unused_base_images and '
            'manager_interval say.', paths.GIVE_NOVA)
    path.need(_COMPUTE)
    path.found(known.checked(CODES))


def _glance(known: knowns.Known, path: paths.Path) -> None:
    seen = known.cache
    limit = _LIMIT_DIFFERS if len(known.hosts) > 1 else paths.GIVE_CONFIG
    if seen is None:
        path.ask('Is the cache of Glance over its limit?', None,
                 needed=_ASK_EACH)
        return
    if len(known.hosts) > 1 and len(seen.nodes) < len(known.hosts):
        path.need(_ASK_EACH)
    for node in seen.nodes:
        name = masking.value(node.name)
        if node.disabled:
            path.ask('Has %s a cache?' % name, False)
            continue
        if node.unknown:
            path.ask('Has %s a cache?' % name, None, node.unknown, _ASK_EACH)
            continue
        size = sum(one.size for one in node.cached)
        pruned = seen.pruned(node)
        path.ask('Is the cache of %s over its limit?' % name,
                 None if pruned is None else bool(pruned),
                 '%d images have %s%s.' % (
                     len(node.cached), units.size_text(size),
                     '' if seen.limits is None else
                     ', image_cache_max_size is %s' % units.size_text(
                         seen.limits.max_size)), limit)
    path.found(one for one in glance_advice.findings(seen)
               # It was said in a step.
               if one.code not in ('no-cache', 'node-unknown'))


def _cleaned(service: services.Service) -> bool | None:
    def look() -> bool | None:
        remove, interval = (service.value('image_cache', name) for name in (
            'remove_unused_base_images', 'manager_interval'))
        return None if None in (remove, interval) else bool(
            remove and interval >= 0)
    return knowns.maybe(look)
