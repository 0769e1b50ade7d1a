"""An authority of the lab's own, and certificates it has signed; they are good for a day."""

import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


class Authority:
    """A certificate authority in a folder; `ca_file` is what others trust."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_file = folder / "ca.pem"
        self._key_file = folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-days", 1, "-subj", "/CN=lab authority",
                 "-keyout", self._key_file, "-out", self.ca_file)

    def issue(self, name, *alternatives):
        """(cert_file, key_file) of a certificate for `name`; alternatives like `IP:127.0.0.1`."""
        certificate, key, request, extensions = (
            self.folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n" if alternatives else "")
        _openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", self._key_file,
                 "-CAcreateserial", "-days", 1, "-extfile", extensions, "-out", certificate)
        return certificate, key
