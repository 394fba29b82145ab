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

"""``[lifecycle_signing]``: whose signatures count, and our own."""

from oslo_config import cfg

GROUP = cfg.OptGroup('lifecycle_signing', title='Image signatures',
                     help='Which signatures an image needs at import, and '
                     'what becomes of them.')

OPTS = [
    cfg.StrOpt(
        'required',
        default='signed-only',
        choices=[
            ('never', 'do not look at signatures'),
            ('signed-only', 'an image that claims a signature must have a '
                            'good one'),
            ('always', 'an image without a good signature is refused'),
        ],
        help="""
Which images must have a good signature to be imported.

Set always, together with ca_bundle or allowed_certificates, where only signed
images may be booted: without one of these any user can make a key, a
certificate, and a signature that is good. It is the place to enforce this, as
Nova and Cinder do not verify what they clone inside Ceph. Set never only to
find out whether verification is the cause of a failure.
"""),
    cfg.StrOpt(
        'ca_bundle',
        help="""
PEM file of the CAs, and their intermediates, that certificates must come from.

Self-signed certificates in it are roots; one that is not a CA is accepted as a
signer itself. The file is read for every import, so a change needs no restart.
Without it, the issuer of a certificate is not looked at, as in stock Glance.
"""),
    cfg.ListOpt(
        'allowed_certificates',
        default=[],
        help="""
Ids, in the key manager, of the only certificates that may sign images.

Empty for all. Set it where a handful of teams build images.
"""),
    cfg.ListOpt(
        'denied_serials',
        default=[],
        help="""
Serial numbers of revoked certificates, of signers and of CAs.

Hexadecimal, as "openssl x509 -noout -serial" prints them. Revocation lists and
OCSP are not asked: they would make every import depend on another service. The
issuer does not matter.
"""),
    cfg.IntOpt(
        'min_rsa_bits',
        default=2048,
        min=1024,
        max=16384,
        help="""
Smallest RSA (and DSA) key that may sign, for certificates and their CAs.

Set 3072 to follow current advice (NIST SP 800-57, from 2031 on). Less than
2048 can be broken.
"""),
    cfg.IntOpt(
        'min_ec_bits',
        default=256,
        min=224,
        max=571,
        help="""
Smallest elliptic curve key that may sign, for certificates and their CAs.

The curves that Nova knows for signers start at 384; 256 allows CAs on P-256.
"""),
    cfg.BoolOpt(
        'allow_dsa',
        default=False,
        help="""
Accept DSA keys.

Stock Glance does, but the standard (FIPS 186-5) approves them no more. Set it
to True for old images that you cannot have signed again.
"""),
    cfg.BoolOpt(
        'check_validity',
        default=True,
        help="""
Refuse certificates that have expired or are not valid yet.

Set it to False to import old images whose signer's certificate has run out.
Certificates of CAs are looked at in any case.
"""),
    cfg.BoolOpt(
        'check_key_usage',
        default=True,
        help="""
Refuse certificates that were issued for another purpose.

If a certificate has the extension keyUsage, it must include digitalSignature;
if it has extendedKeyUsage, this must include codeSigning. Without that, the
owner of any web server's certificate of the same CA could sign images. Set it
to False if your CA issues no others.
"""),
    cfg.StrOpt(
        'on_convert',
        default='keep',
        choices=[
            ('resign', 'verify, convert, and sign the result with '
                       'signing_key'),
            ('keep', 'verify, and do not convert: the signature stays good'),
            ('strip', 'verify, convert, and leave the result unsigned'),
            ('refuse', 'do not import a signed image that would need '
                       'conversion'),
        ],
        help="""
What to do with a signed image that would be converted.

A signature covers the bytes that were signed, so it is not good for the
converted ones. The default is keep, because it needs no key and weakens
nothing; it costs the fast boot that a raw image has on Ceph. Set resign, with
signing_key and signing_certificate_id, for both: the user's signature is kept
in the properties lifecycle_source_*, and an attestation links it to the
service's. Nova with verify_glance_signatures refuses images imported with
strip.
"""),
    cfg.StrOpt(
        'signing_key',
        help="""
The service's private key: the full path of a file, or an id in the key
manager.

A file must be PEM and not readable by other users. An id is fetched with the
service's own credentials, which for Barbican are the options auth_type
(keystone_password), auth_url, username, password, project_name,
user_domain_name and project_domain_name in [key_manager].

RSA (3072 bits are good), secp384r1 or secp521r1; the key type of the
signatures follows from it. Needed for resign and for attestations.
"""),
    cfg.StrOpt(
        'signing_key_passphrase',
        secret=True,
        help="""
Passphrase of signing_key, if it has one.

It protects a copy of the key's file, such as a backup. castellan's driver for
Barbican reads only keys without one.
"""),
    cfg.StrOpt(
        'signing_certificate_id',
        help="""
Id, in the key manager, of the certificate of signing_key.

Every image that is signed names it, and Nova fetches it with the credentials
of the user who boots. So all users must be able to read it: in Barbican that
takes a policy or an ACL for them, Vault and lifecycle_file have it so. Keep an
old certificate in the key manager as long as images name it.
"""),
    cfg.StrOpt(
        'hash_method',
        default='SHA-512',
        choices=['SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'],
        help="""
Hash method of the service's signatures.

SHA-512 costs nothing, as Glance computes it for os_hash_value anyway
(hashing_algorithm). Any other means one more hash of every image. Change it to
follow hashing_algorithm.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
