"""Filters a derived layer as ostree-ext does before it commits it:

    derived-layer-filter.py all|usr LAYER TARGET

What is left of the layer is written to TARGET, and the dropped entries are counted on standard output as JSON, by name.
`all` is for systems with composefs or a transient root, where clients keep every path.
"""
import io
import json
import sys
import tarfile

REPO = "sysroot/ostree/repo"
# Every stashed file is an open one until the layer ends; the limit is 1024, less what the program has open besides.
OPEN_FILES = 900
API_DIRECTORIES = ("run", "tmp", "proc", "sys", "dev")


def parts(path):
    found = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in found:
        sys.exit(f"Invalid path: {path}")
    return found


def is_object(path):
    return parts(path)[:3] == REPO.split("/")


def place(path, keep_all):
    """The path in the commit, or None and the name that the dropped entry counts under."""
    found = parts(path)
    if not found or found[0] == "usr":
        return found, None
    first = found[0]
    if first == "etc":
        return ["usr", *found], None
    if first in API_DIRECTORIES and len(found) > 1:
        return None, found[1]
    if first == "var" or first in API_DIRECTORIES or keep_all:
        return found, None
    return None, first


def filtered(source, sink, keep_all):
    dropped = {}
    stashed = {}
    placed = {}
    for entry in source:
        if entry.mtime > 0 and entry.isreg() and is_object(entry.name):
            stashed["/".join(parts(entry.name))] = source.extractfile(entry).read()
            if len(stashed) > OPEN_FILES:
                sys.exit(f"{entry.name}: Creating tmpfile: Too many open files")
            continue
        data = source.extractfile(entry) if entry.isreg() else None
        if entry.mtime > 0 and entry.islnk() and is_object(entry.linkname) and not is_object(entry.name):
            rewritten(entry, sink, stashed, placed, keep_all)
            continue
        path, name = place(entry.name, keep_all)
        if path is None:
            dropped[name] = dropped.get(name, 0) + 1
            continue
        entry.name = "/".join([".", *path])
        if entry.islnk():
            entry.linkname = "/".join([".", *place(entry.linkname, True)[0]])
        sink.addfile(entry, data)
    return dropped


def rewritten(entry, sink, stashed, placed, keep_all):
    """A file of the commit that a container build has changed: the object's new content is in the layer."""
    path, _ = place(entry.name, keep_all)
    target = "/".join(parts(entry.linkname))
    if path is None or (target not in stashed and target not in placed):
        return
    entry.name = "/".join([".", *path])
    if target in placed:
        entry.linkname = placed[target]
        sink.addfile(entry)
        return
    data = stashed.pop(target)
    placed[target] = entry.name
    entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", len(data)
    sink.addfile(entry, io.BytesIO(data))


which, layer, target = sys.argv[1:]
with tarfile.open(layer, mode="r|*") as tar_in:
    with tarfile.open(target, mode="w", format=tarfile.PAX_FORMAT) as tar_out:
        json.dump(filtered(tar_in, tar_out, which == "all"), sys.stdout)
