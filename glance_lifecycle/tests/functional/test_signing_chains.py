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

"""Which chains we accept, beside what ``openssl verify`` says of them.

Ours must never accept what OpenSSL refuses. Where we refuse what it accepts,
the table says so, and why.
"""

import dataclasses
import datetime
import os
import pathlib
import subprocess
import tempfile
from typing import Any
import unittest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509
from cryptography.x509 import oid
import hypothesis
from hypothesis import strategies as st

from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import trust

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
# 15 ms each.
EXAMPLES = 200
KEYS = {name: ec.generate_private_key(ec.SECP384R1())
        for name in ('root', 'middle', 'lower', 'leaf', 'other')}
PURPOSES = oid.ExtendedKeyUsageOID
_BITS = ('digital_signature', 'content_commitment', 'key_encipherment',
         'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign',
         'encipher_only', 'decipher_only')

Extension = tuple[x509.ExtensionType, bool]


def constraints(ca: bool = True, length: int | None = None,
                critical: bool = True) -> Extension:
    return x509.BasicConstraints(ca, length), critical


def usage(*bits: str, critical: bool = True) -> Extension:
    return x509.KeyUsage(**{bit: bit in bits for bit in _BITS}), critical


def purposes(*values: x509.ObjectIdentifier, critical: bool = False
             ) -> Extension:
    return x509.ExtendedKeyUsage(values), critical


def names(permitted: Any = None, excluded: Any = None, critical: bool = True
          ) -> Extension:
    return x509.NameConstraints(permitted, excluded), critical


def directory(common: str) -> x509.DirectoryName:
    return x509.DirectoryName(name(common))


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, common)])


def key_id(key: str) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(KEYS[key].public_key())


def of_key(key: str) -> Extension:
    return (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        key_id(key)), False)


UNKNOWN = x509.UnrecognizedExtension(
    x509.ObjectIdentifier('1.3.6.1.4.1.99999.1'), b'\x05\x00')
CA = (constraints(), usage('key_cert_sign', 'crl_sign'))
SIGNER = (usage('digital_signature'), purposes(PURPOSES.CODE_SIGNING))
DNS = x509.DNSName('example.org')
POLICY = x509.CertificatePolicies([x509.PolicyInformation(
    x509.ObjectIdentifier('1.3.6.1.4.1.99999.2'), None)])


@dataclasses.dataclass(frozen=True)
class Link:
    """One certificate to make.

    :ivar key: of ``KEYS``, and the subject's common name, if there is none
    :ivar days: from NOW, when it becomes valid and when it expires
    """

    key: str
    extensions: tuple[Extension, ...] = CA
    common: str = ''
    days: tuple[int, int] = (-9, 9)

    @property
    def subject(self) -> x509.Name:
        return name(self.common or self.key)


def make(links: tuple[Link, ...], signed_by: str = ''
         ) -> list[x509.Certificate]:
    """The chain from its root; the first link signs itself.

    :param signed_by: the key that signs the last in place of its issuer's
    """
    made = []
    for number, link in enumerate(links):
        issuer = links[max(number - 1, 0)]
        builder = x509.CertificateBuilder(
            issuer.subject, link.subject, KEYS[link.key].public_key(),
            number + 1, NOW + link.days[0] * DAY, NOW + link.days[1] * DAY)
        for value, critical in link.extensions:
            builder = builder.add_extension(value, critical)
        last = number == len(links) - 1
        made.append(builder.sign(
            KEYS[signed_by if last and signed_by else issuer.key],
            hashes.SHA256()))
    return made


ROOT = Link('root')
MIDDLE = Link('middle')
LEAF = Link('leaf', SIGNER)


def middle(*more: Extension, **kwargs: Any) -> tuple[Link, ...]:
    """A chain whose intermediate has more extensions."""
    return ROOT, Link('middle', (*CA, *more), **kwargs), LEAF


def leaf(*extensions: Extension, **kwargs: Any) -> tuple[Link, ...]:
    return ROOT, MIDDLE, Link('leaf', extensions, **kwargs)


def limited(length: int, at: int = 0, count: int = 1) -> tuple[Link, ...]:
    """``count`` intermediates, one of the CAs with a path length."""
    links = [ROOT, *(Link(key) for key in ('middle', 'lower')[:count]), LEAF]
    links[at] = dataclasses.replace(
        links[at], extensions=(constraints(length=length), CA[1]))
    return tuple(links)


YES, NO = True, False

# what, chain, do we accept it, does openssl
TABLE: tuple[tuple[str, tuple[Link, ...], bool, bool], ...] = (
    ('a good chain', (ROOT, MIDDLE, LEAF), YES, YES),
    ('a root alone', (ROOT, LEAF), YES, YES),
    ('three CAs', (ROOT, MIDDLE, Link('lower'), LEAF), YES, YES),
    ('a leaf without extensions', leaf(), YES, YES),
    # Dates.
    ('an expired root', (Link('root', days=(-9, -1)), LEAF), NO, NO),
    ('an expired intermediate', middle(days=(-9, -1)), NO, NO),
    ('an intermediate of tomorrow', middle(days=(1, 9)), NO, NO),
    ('an expired leaf', leaf(*SIGNER, days=(-9, -1)), NO, NO),
    ('a leaf of tomorrow', leaf(*SIGNER, days=(1, 9)), NO, NO),
    # basicConstraints.
    ('an intermediate that is no CA',
     (ROOT, Link('middle', (constraints(False),)), LEAF), NO, NO),
    ('a signer that issues', (ROOT, Link('middle', SIGNER), LEAF), NO, NO),
    ('basicConstraints not critical',
     (ROOT, Link('middle', (constraints(critical=False), CA[1])), LEAF),
     YES, YES),
    ('an intermediate without basicConstraints',
     (ROOT, Link('middle', CA[1:]), LEAF), NO, NO),
    ('a root without extensions', (Link('root', ()), LEAF), NO, NO),
    # Path length.
    ('path length 0 of the issuer', limited(0, 1), YES, YES),
    ('path length 0 above a CA', limited(0), NO, NO),
    ('path length 1 above a CA', limited(1), YES, YES),
    ('path length 1 above two CAs', limited(1, 0, 2), NO, NO),
    ('path length 2 above two CAs', limited(2, 0, 2), YES, YES),
    ('path length 0 in the middle', limited(0, 1, 2), NO, NO),
    ('path length 1 above a CA that renewed itself',
     (Link('root', (constraints(length=1), CA[1])),
      Link('middle', (*CA, (key_id('middle'), False))),
      # Of two certificates of a name, OpenSSL tries but one.
      Link('lower', (*CA, (key_id('lower'), False), of_key('middle')),
           common='middle'), Link('leaf', (*SIGNER, of_key('lower')))),
     YES, YES),
    # keyUsage.
    ('keyUsage of an intermediate for signatures',
     (ROOT, Link('middle', (constraints(), usage('digital_signature'))),
      LEAF), NO, NO),
    ('no keyUsage', (ROOT, Link('middle', (constraints(),)), LEAF), YES, YES),
    # OpenSSL 3.0 has no purpose for signing code, and looks at none.
    ('keyUsage of the leaf for encryption',
     leaf(usage('key_encipherment')), NO, YES),
    ('a leaf for web servers', leaf(purposes(PURPOSES.SERVER_AUTH)), NO, YES),
    ('a leaf for anything',
     leaf(purposes(PURPOSES.ANY_EXTENDED_KEY_USAGE)), YES, YES),
    ('an intermediate for web servers',
     middle(purposes(PURPOSES.SERVER_AUTH)), NO, YES),
    ('an intermediate for web servers, critical',
     middle(purposes(PURPOSES.SERVER_AUTH, critical=True)), NO, YES),
    ('an intermediate for code signing',
     middle(purposes(PURPOSES.SERVER_AUTH, PURPOSES.CODE_SIGNING)), YES, YES),
    ('an intermediate for anything',
     middle(purposes(PURPOSES.ANY_EXTENDED_KEY_USAGE)), YES, YES),
    ('a root for mail',
     (Link('root', (*CA, purposes(PURPOSES.EMAIL_PROTECTION))), LEAF),
     NO, YES),
    # nameConstraints: not implemented here, so refused, met or not.
    ('names that exclude the leaf', middle(names(None, [directory('leaf')])),
     NO, NO),
    ('the same, not critical',
     middle(names(None, [directory('leaf')], critical=False)), NO, NO),
    ('names that permit others', middle(names([directory('x')])), NO, NO),
    ('the same, not critical',
     middle(names([directory('x')], critical=False)), NO, NO),
    ('names that permit the leaf', middle(names([directory('leaf')])),
     NO, YES),
    ('names of hosts', middle(names([DNS], critical=False)), NO, YES),
    ('names excluded by the root',
     (Link('root', (*CA, names(None, [directory('leaf')]))), LEAF), NO, NO),
    ('names excluded by the root, not critical',
     (Link('root', (*CA, names(None, [directory('leaf')], False))), LEAF),
     NO, NO),
    # They are for CAs alone.
    ('names in the leaf', leaf(*SIGNER, names([DNS], critical=False)),
     NO, YES),
    # Policies.
    ('an explicit policy is required',
     middle((x509.PolicyConstraints(0, None), True)), NO, NO),
    ('the same, not critical',
     middle((x509.PolicyConstraints(0, None), False)), NO, NO),
    ('no mapping of policies',
     middle((x509.PolicyConstraints(None, 0), True)), NO, YES),
    ('inhibitAnyPolicy', middle((x509.InhibitAnyPolicy(0), True)), NO, YES),
    ('a policy', middle((POLICY, False)), YES, YES),
    ('a critical policy', middle((POLICY, True)), NO, YES),
    ('a critical policy of the leaf', leaf(*SIGNER, (POLICY, True)),
     NO, YES),
    # What nobody knows.
    ('an unknown extension', middle((UNKNOWN, False)), YES, YES),
    ('an unknown critical extension', middle((UNKNOWN, True)), NO, NO),
    ('an unknown critical extension of the root',
     (Link('root', (*CA, (UNKNOWN, True))), LEAF), NO, NO),
    ('an unknown critical extension of the leaf',
     leaf(*SIGNER, (UNKNOWN, True)), NO, NO),
    # authorityKeyIdentifier.
    ('the right key id',
     (ROOT, Link('middle', (*CA, (key_id('middle'), False))),
      Link('leaf', (*SIGNER, of_key('middle')))), YES, YES),
    ('another key id',
     (ROOT, Link('middle', (*CA, (key_id('middle'), False))),
      Link('leaf', (*SIGNER, of_key('other')))), NO, NO),
    ('the right serial number',
     leaf(*SIGNER, (x509.AuthorityKeyIdentifier(
         None, [directory('root')], 2), False)), YES, YES),
    ('another serial number',
     leaf(*SIGNER, (x509.AuthorityKeyIdentifier(
         None, [directory('root')], 3), False)), NO, NO),
    ('another issuer of the issuer',
     leaf(*SIGNER, (x509.AuthorityKeyIdentifier(
         None, [directory('x')], 2), False)), NO, NO),
)


class ChainsTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)

    def write(self, name: str, *chain: x509.Certificate) -> str:
        path = self.directory / name
        path.write_bytes(b''.join(
            each.public_bytes(serialization.Encoding.PEM) for each in chain))
        return os.fspath(path)

    def ours(self, *chain: x509.Certificate) -> str:
        """What we object; empty if nothing."""
        policy = trust.TrustPolicy(
            require_chain=True, ca_bundle=self.write('bundle', *chain[:-1]))
        try:
            leaf = certificates.load(
                chain[-1].public_bytes(serialization.Encoding.DER))
            policy.check(leaf, 'leaf', NOW)
        except exceptions.ImageRefused as error:
            return str(error)
        return ''

    def theirs(self, *chain: x509.Certificate) -> str:
        """What ``openssl verify`` objects."""
        between = (('-untrusted', self.write('middle', *chain[1:-1]))
                   if chain[1:-1] else ())
        done = subprocess.run(
            ('openssl', 'verify', '-policy_check', '-attime',
             str(int(NOW.timestamp())), '-no-CApath', '-no-CAstore',
             '-CAfile', self.write('root', chain[0]), *between,
             self.write('leaf', chain[-1])),
            capture_output=True, text=True, check=False)
        return '' if done.returncode == 0 else done.stdout + done.stderr

    def test_table(self) -> None:
        for what, links, we, they in TABLE:
            with self.subTest(what):
                chain = make(links)
                theirs = self.theirs(*chain)
                ours = self.ours(*chain)
                self.assertEqual(they, not theirs, theirs)
                self.assertEqual(we, not ours, ours)
                # The rule that the table must not break.
                self.assertTrue(they or not we, what)

    def test_other_signature(self) -> None:
        chain = make((ROOT, MIDDLE, LEAF), signed_by='other')
        self.assertIn('signature failure', self.theirs(*chain))
        self.assertIn('did not sign', self.ours(*chain))

    def test_purpose_of_no_interest(self) -> None:
        """check_key_usage = False lets the purposes of all links be."""
        chain = make((ROOT, Link('middle', (
            *CA, purposes(PURPOSES.SERVER_AUTH))),
            Link('leaf', (purposes(PURPOSES.SERVER_AUTH),))))
        policy = trust.TrustPolicy(
            require_chain=True, check_key_usage=False,
            ca_bundle=self.write('bundle', *chain[:-1]))
        self.assertEqual(3, len(policy.check(chain[-1], 'leaf', NOW)))

    def test_never_more_than_openssl(self) -> None:
        accepted = 0

        @hypothesis.given(LINKS)
        @hypothesis.settings(max_examples=EXAMPLES, deadline=None,
                             derandomize=True)
        def compare(links: tuple[Link, ...]) -> None:
            nonlocal accepted
            chain = make(links)
            if not self.ours(*chain):
                accepted += 1
                self.assertEqual('', self.theirs(*chain))

        compare()
        # Nothing is compared where all is refused.
        self.assertGreater(accepted, 20)


def _link(key: str) -> st.SearchStrategy[Link]:
    more = st.lists(st.sampled_from((
        (key_id('middle'), False), (key_id(key), False), (UNKNOWN, False),
        (UNKNOWN, True), (POLICY, False), (POLICY, True),
        names([directory('leaf')], critical=False), names([DNS]),
        purposes(PURPOSES.SERVER_AUTH), purposes(PURPOSES.CODE_SIGNING),
        of_key('middle'),
        (x509.AuthorityKeyIdentifier(None, [directory('root')], 2), False),
        (x509.PolicyConstraints(0, None), False))),
        max_size=2, unique_by=lambda extension: extension[0].oid)
    basic = st.sampled_from(((), *(
        (constraints(length=length),) for length in (None, None, 0, 1)),
        (constraints(False),), (constraints(critical=False),)))
    use = st.sampled_from(((), (CA[1],), (CA[1],), (SIGNER[0],)))
    return st.builds(
        lambda basic, use, more, days: Link(
            key, (*basic, *use, *more), days=days), basic, use, more,
        st.sampled_from(((-9, 9),) * 6 + ((-9, -1), (1, 9))))


def _mostly(good: Link) -> st.SearchStrategy[Link]:
    """Else hardly a chain would be accepted."""
    return st.sampled_from((True, True, False)).flatmap(
        lambda keep: st.just(good) if keep else _link(good.key))


LINKS = st.tuples(_mostly(ROOT), _mostly(MIDDLE), _mostly(Link('lower')),
                  _mostly(LEAF))
