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

"""An image is refused for its signature, or nobody knows whether it is."""

from glance_lifecycle.audit.diagnosis.causes import failed
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import pages
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle import exceptions
from glance_lifecycle.signing import properties

CODES = frozenset((
    'GLC402', 'GLC503', 'GLC604', 'GLC606', 'GLC712', 'GLC801', 'GLC813',
    'GLC814', 'GLC815', 'GLC820', 'GLC822'))

_AUDIT = ('Run "openstack image lifecycle signature audit", and "openstack '
          'image lifecycle verify", which read the certificate and the bytes.')


def walk(known: knowns.Known, path: paths.Path) -> None:
    signed = _signed(known, path)
    _imported(known, path)
    _converted(known, path, signed)
    novas = list(known.of(services.NOVA))
    if not novas:
        path.ask('Does Nova verify signatures?', None,
                 needed=paths.GIVE_NOVA)
    for service in novas:
        verifies = path.ask(
            'Does Nova verify signatures, on %s?' % masking.name(
                service.name), knowns.maybe(
                    service.value, 'glance', 'verify_glance_signatures'),
            'As [glance] verify_glance_signatures says.', paths.GIVE_NOVA)
        if verifies and signed is False and known.image is not None:
            setting = service.setting('glance', 'verify_glance_signatures')
            path.find(pages.UNSIGNED, known.image.image.id,
                      'The image has no property img_signature, and '
                      'verify_glance_signatures is true.',
                      'Sign it with "openstack image lifecycle sign", and '
                      'import it again.', *(
                          [service.place(setting)] if setting else []),
                      host=service.name)
    if not list(known.of(services.CINDER)):
        path.ask('Does Cinder verify signatures?', None,
                 needed=paths.GIVE_CINDER)
    if not known.hosts:
        path.need(paths.GIVE_CONFIG)
    if signed:
        # What is signed can only be told by who reads it.
        path.need(_AUDIT)
    path.found(known.checked(CODES))


def _signed(known: knowns.Known, path: paths.Path) -> bool | None:
    question = 'Is the image signed?'
    if known.image is None:
        return path.ask(question, None, needed=paths.NAME_IMAGE)
    try:
        given = properties.parse(known.resource)
    except exceptions.ImageRefused as error:
        path.find(pages.SIGNATURE_BROKEN, known.image.image.id,
                  str(error.fields['detail']),
                  'Set all of the four properties, or remove all of them.')
        return path.ask(question, True, 'It has some properties '
                        'img_signature*, and they cannot be used.')
    return path.ask(
        question, given is not None, 'It has no property img_signature*.'
        if given is None else 'Its certificate is %s, with %s and %s.' % (
            masking.name(given.certificate_id), given.key_type,
            given.hash_method))


def _imported(known: knowns.Known, path: paths.Path) -> None:
    if known.image is None:
        return
    said = [one for one in failed.task_failed(known.image)
            if one.code == 'signature-refused']
    path.ask('Did an import refuse its signature?', None
             if known.image.tasks is None else bool(said),
             said[0].evidence if said else '',
             'Ask as the owner of the image, or as an administrator: its '
             'tasks were not shown.')
    path.found(said)


def _converted(known: knowns.Known, path: paths.Path, signed: bool | None
               ) -> None:
    for host in known.hosts:
        enabled = knowns.maybe(plugins.enabled, host)
        if enabled is None:
            continue
        alone = plugins.CONVERSION in enabled and (
            plugins.OURS not in enabled)
        path.ask('Does Glance convert what was signed, on %s?' % host.name,
                 alone, '%s is [%s].' % (
                     plugins.FULL_NAME, ', '.join(
                         map(masking.name, enabled))))
        kind = knowns.maybe(host.value, 'image_conversion', 'output_format')
        if (alone and signed and known.image is not None
                and known.image.image.disk_format == kind):
            setting = plugins.setting(host)
            path.find(pages.CONVERTED, known.image.image.id,
                      'The image is signed and %s, which is what '
                      'image_conversion makes.' % kind,
                      'Verify it with "openstack image lifecycle verify", and '
                      'sign it as it is stored.', *(
                          [host.place(setting)] if setting else []),
                      host=host.name)
