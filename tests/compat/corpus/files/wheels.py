"""Wheels of tiny packages in the folder that is given, made without any tool for making them."""

import base64
import hashlib
import os
import sys
import zipfile


def wheel(folder, name, version, *head):
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{info}/METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *head]) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: compat\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, f"{name}-{version}-py3-none-any.whl"), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)


os.makedirs(sys.argv[1], exist_ok=True)
wheel(sys.argv[1], "one", "1.0")
wheel(sys.argv[1], "one", "2.0")
wheel(sys.argv[1], "two", "1.0")
wheel(sys.argv[1], "needy", "1.0", "Requires-Dist: two>=1.0", "Provides-Extra: more", "Requires-Dist: one; extra == 'more'")
