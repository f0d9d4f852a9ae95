/**
 * The table of all error codes, with a sentence for the person who meets one.
 * docs/errors.md is generated from it; a test keeps the two in step.
 */
export const ERROR_CODES = {
  ERR_USAGE: 'The command line is invalid. The message names the argument; `--help` shows the usage.',
  ERR_INTERNAL: 'A bug in treeport. Please report it with the whole message.',
  ERR_NODE_VERSION: 'This Node is too old for treeport. The message names the version it needs.',
  ERR_OPEN_FILES: 'The process cannot open as many files as it needs. Raise the limit with `ulimit -n`.',
  ERR_WORKING_DIRECTORY: 'The working directory was deleted. Change to a directory that exists.',
  ERR_VARIANT:
    'A serialized GVariant is malformed or not in normal form. The message names its type and the byte offset.',
  ERR_CHECKSUM_SYNTAX: 'A checksum is not 64 lower-case hexadecimal digits.',
  ERR_REPO_MISSING: 'There is no ostree repository at this path.',
  ERR_REPO_MODE:
    'treeport does not know the mode of the repository, or cannot do this in it. The message names a mode to use.',
  ERR_REPO_CONFIG: 'The repository config file cannot be parsed, or has an unknown version.',
  ERR_REF_MISSING: 'The ref or revision does not exist in the repository.',
  ERR_REF_SYNTAX: 'A ref name is not valid.',
  ERR_REF_CONFLICT:
    'A ref cannot be set because another ref is in the way: `os` and `os/new` exclude each other. Nothing was imported or published.',
  ERR_COMMIT_MISSING: 'The commit does not exist in the repository.',
  ERR_SUMMARY:
    'The summary file of the repository is damaged or too large, so it is not served. Regenerate it: `ostree summary -u`.',
  ERR_REFS_UNREADABLE:
    'The repository has refs, but none of their commits can be read. Its objects may be gone; run `treeport repo fsck`.',
  ERR_OBJECT_MISSING: 'The repository lacks an object that is needed.',
  ERR_OBJECT_CORRUPT:
    'The bytes of an object do not match its id, or its format is invalid. Run `treeport repo fsck`.',
  ERR_OBJECT_UNREADABLE: 'An object exists but cannot be read: permission denied, or an I/O error.',
  ERR_XATTRS_UNSUPPORTED:
    'Extended attributes cannot be read here, and this repository mode stores object data in them.',
  ERR_CONFIG_FILE: 'The file given with --config cannot be read.',
  ERR_METADATA_KEY:
    'The metadata of the commit lacks the key, or its value is not a string where one is needed.',
  ERR_FSCK: 'fsck found bad objects or damaged refs. The lines before name each of them.',
  ERR_REF_DAMAGED:
    'A file below `refs` is not a valid ref: it is empty or truncated, or a link that is dangling or leads out of `refs`. The lines before name each of them.',
  ERR_COMMIT_OLDER:
    'The commit is older than the one its ref points to, which `--timestamp-check` does not allow.',
  ERR_TIMESTAMP:
    'The timestamp of the commit is outside the years 0 to 9999, so an image cannot express it. Set one with --created.',
  ERR_PATH_MISSING: 'The path does not exist in the commit.',
  ERR_PACKAGE_DATABASE:
    'The commit has no package database of the format that --packages names, or it cannot be read.',
  ERR_IO: 'Reading or writing a file failed. The message quotes the operating system.',
  ERR_FILE_UNSAFE:
    'A file of a repository or image is not a regular file, or a link leads out of its directory. It was not opened. The message names the file and where it leads.',
  ERR_FILE_TOO_LARGE:
    'A file that is read whole, such as the config, a ref or the summary, is larger than any valid one.',
  ERR_DISK_FULL: 'No space is left on the target disk. Nothing was written under the final name.',
  ERR_JSON: 'A JSON document does not parse, is too large or lacks expected members. The message says which.',
  ERR_DIGEST_SYNTAX:
    'A digest is not `sha256:` and 64 lower-case hexadecimal digits; no other algorithm is supported.',
  ERR_COMPRESSION: 'Unsupported layer compression. Use gzip[:1-9] or zstd[:1-19].',
  ERR_LAYER_PLAN:
    'A plan of layers does not have each path of the commit exactly once. The message names the path or the component.',
  ERR_CONTENTMETA:
    'The contentmeta file cannot be read or does not fit the commit: it misses or repeats an object, or has an unknown layer or component. The message names it.',
  ERR_IMAGE_REFERENCE: 'An image reference is not TRANSPORT:NAME with a known transport.',
  ERR_IMAGE_MISSING: 'There is no image at this location, or none with this tag or for this platform.',
  ERR_IMAGE_AMBIGUOUS: 'There are several images at this location. Select one by its tag.',
  ERR_IMAGE_UNSUPPORTED: 'treeport does not support the format of the image, a layer or an archive.',
  ERR_IMAGE_TARGET: 'The target exists and is not an image of the same kind. It was left unchanged.',
  ERR_BLOB_MISSING: 'The image lacks a blob that it refers to.',
  ERR_BLOB_CORRUPT:
    'A blob does not have the size or digest of its descriptor, or does not decompress. Copy the image again.',
  ERR_SKOPEO_MISSING: 'This transport needs skopeo, which is not installed.',
  ERR_SKOPEO: 'skopeo failed. The message quotes the end of its output.',
  ERR_REGISTRY_UNREACHABLE:
    'The registry does not respond, or the connection broke. Data read so far was discarded; try again.',
  ERR_REGISTRY_STALLED:
    'The registry kept the connection open but sent nothing for 60 s, or the time set by --stall-timeout. Data read so far was discarded; try again.',
  ERR_REGISTRY_AUTH:
    'The registry refuses the credentials, or requires some. Run `podman login`, or name a file with --authfile or --creds-file.',
  ERR_REGISTRY_TLS:
    "The registry's certificate cannot be verified, or the registry does not use TLS. Install its CA, name a directory with --cert-dir, or allow it in registries.conf.",
  ERR_CREDENTIALS:
    'The file that --creds-file names is missing, or is not one line of the form USER:PASSWORD.',
  ERR_STORAGE_MOUNT:
    'The image in container storage cannot be mounted here. The message gives the reason. Its layers can still be read.',
  ERR_POLICY: 'The containers policy (policy.json) rejects the image, or there is no policy.',
  ERR_POLICY_INSECURE:
    'The containers policy accepts this image without a signature, so `ostree-image-signed:` would prove nothing. The message names the matching rule.',
  ERR_CATALOGUE:
    "The catalogue of a mirror image's published repository is damaged. Rebuild the mirror image.",
  ERR_PACKS:
    "The ready objects in a mirror image's published repository are damaged or incomplete. Rebuild the mirror image.",
  ERR_REF_BINDING:
    'The commit is bound to other refs, so clients would refuse it under this one. The message lists them.',
  ERR_NOT_ENCAPSULATED:
    'The image has no `ostree.final-diffid` label that matches its layers: it was not made from an ostree commit.',
  ERR_ALREADY_MIRROR:
    'The image is already a mirror image. Start from the encapsulated image it was made from.',
  ERR_RUNTIME: 'The runtime of a mirror image cannot be assembled here. The message names the missing files.',
  ERR_SEAL_OWNERS:
    'The build changed owners, modes or bytes of objects, as rootless builds do. Build as root, or use `treeport mirror wrap`.',
  ERR_CACHE_DIR:
    'A cache directory cannot be created or written, contains foreign files, or overlaps with the repository it serves.',
  ERR_SERVER_CONFIG:
    'The configuration file of the server cannot be read, or has a line, key or value that is not valid. The message names it.',
  ERR_LISTEN:
    'The server cannot listen: the port is in use, or the address does not belong to this machine or is not allowed.',
  ERR_DELTA_POLICY: 'The policy for static deltas is invalid. The message names the group and the key.',
  ERR_DELTA_EXISTS:
    'The repository has a static delta of this name that clients may be fetching, and the new one differs. Nothing was changed. The message says how to replace it.',
  ERR_DELTA_BUSY:
    'Another program maintains or publishes deltas of this repository, or has locked it. Wait until it ends.',
  ERR_ROOTFS:
    'The directory, tar file or image is not the root filesystem of an OS. The message says what it lacks, or what is in the way.',
  ERR_ROOTFS_ENTRY:
    'A root filesystem has an entry that no commit can hold: a device, a FIFO, a socket, or a name that is not UTF-8. The message names it.',
  ERR_ROOTFS_CHANGED:
    'A file of a root filesystem changed while it was read, so that its parts may not fit together. Nothing was written. Stop what writes to it and try again.',
  ERR_SELINUX:
    'The SELinux policy of a root filesystem cannot be used to label its files. The message says why. Labels can be kept as they are with --selinux keep.',
  ERR_TAR: 'A tar stream is malformed or truncated.',
  ERR_TAR_OBJECT: 'An entry of a tar stream violates the ostree tar formats. The message names the entry.',
  ERR_LIBLZMA_MISSING:
    'This needs liblzma 5.2 or later. Install liblzma5 (Debian, Ubuntu) or xz-libs (Fedora).',
  ERR_XZ:
    'An xz stream is damaged, truncated, larger than allowed, or cannot be made. The message says which.',
  ERR_DELTA_SELF_CHECK:
    'A static delta that was just made does not give the objects that it should, so it was discarded. This is a bug in treeport, or memory of the machine is faulty. Please report it with the whole message.',
  ERR_DELTA_TOO_LARGE: 'The superblock of a static delta is larger than ostree clients accept (128 MiB).',
  ERR_LIBOSTREE_MISSING:
    'Writing to repositories needs libostree 2022.7 or later, which is not installed. The message names the package.',
  ERR_LIBOSTREE: 'libostree failed. The message quotes it.',
  ERR_REPO_READ_ONLY:
    'The repository cannot be written: the file system is read-only, or permission is denied.',
  ERR_OBJECT_TOO_LARGE: 'A metadata object is larger than ostree clients accept (128 MiB).',
  ERR_REMOTE_MISSING: 'The repository has no such remote. The message lists its remotes, and how to add one.',
  ERR_REMOTE_UNVERIFIED:
    'The remote has both `gpg-verify` and `sign-verify` disabled, so it would verify nothing.',
  ERR_NO_KEYS:
    'The remote requires signatures, but there is no usable key to verify them. The message lists where it looked.',
  ERR_SIGNATURE_MISSING: 'The commit is not signed, or not by a method that the remote requires.',
  ERR_SIGNATURE_BAD:
    'A signature of the commit is invalid: the commit or the signature was changed, or another key made it.',
  ERR_SIGNATURE_UNKNOWN_KEY:
    'The commit is signed by a key that the remote does not have. Import the key if you trust it.',
  ERR_SIGNATURE_EXPIRED: 'The signature of the commit, or the key that made it, has expired.',
  ERR_SIGNATURE_REVOKED: 'The key that signed the commit is revoked.',
  ERR_SIGNING_KEY:
    'The key to sign with cannot be read or used: the file is missing, the key is of another type, encrypted, expired or revoked. The message says which.',
  ERR_SIGN_COMMAND:
    'The command to sign with failed, or did not write a signature. The message quotes its standard error.',
  ERR_SUMMARY_SIGNED:
    'The summary is signed, and the new one would not be. Give a key, or drop the signatures with --unsigned.',
  ERR_EXPORT_TARGET:
    'The directory to export to holds something that no export wrote. It was left unchanged; name an empty one.',
  ERR_REPO_CHANGED:
    'The repository changed while it was read, so that its parts do not fit together. Try again.',
  ERR_COLLECTION_CONFLICT:
    'A ref is of two collections at once, or a repository is of another collection than the snapshot. The message names both.',
  ERR_SNAPSHOT:
    'The image is no snapshot that treeport can read, or its lists of commits and objects are damaged. The message says what is wrong.',
  ERR_PIECE: 'A piece of a split snapshot is missing, damaged, or of another snapshot. The message names it.',
  ERR_SNAPSHOT_LINEAGE:
    'The snapshot that --previous names was made from another repository, so nothing of it could be kept.',
  ERR_KEY_EXISTS: 'The file for a new key exists already. Keys are never overwritten; name another file.',
  ERR_OBJECT_STRAY:
    'The tar stream or image contains an object that does not belong to its commit. Nothing was imported.',
  ERR_UNVERIFIED_REFERENCE:
    'The image reference does not say how to verify the image. Prefix it with a scheme, or give --unverified.',
  ERR_DELTA_CORRUPT:
    'A static delta is damaged or does not make what it announces. Nothing was written. Generate or copy it again.',
  ERR_DELTA_MISSING: 'There is no such static delta. `treeport delta list` lists those of a repository.',
  ERR_DELTA_PART:
    'A part of a static delta is missing, or has another size or checksum than the superblock says. Copy the delta again as a whole.',
  ERR_DELTA_VERSION: 'A part of a static delta has a version that neither treeport nor ostree knows.',
  ERR_DELTA_BASE:
    'The commit that a static delta starts from is not in the repository, or only in part. Pull it first, or use a delta from scratch.',
  ERR_DELTA_INDEX:
    'The delta index or the summary lists another superblock than the repository has, so clients refuse the delta. The message names the command that lists it again.',
  ERR_DELTA_INCOMPLETE:
    'A static delta does not make its commit complete: an object is in no part, or is left to be fetched by itself. Nothing was written.',
  ERR_VIRTUAL_DELTA:
    'A part of a virtual delta cannot be made as its superblock says. The server does not offer the delta any more. Run `treeport repo fsck`.',
  ERR_NOT_READY:
    'The server that `check` queried does not respond, or is not ready. The message quotes its response.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
