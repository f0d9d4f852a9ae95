/**
 * The table of every error code and what it means to the person who meets it.
 * docs/errors.md is generated from this table; a test holds the two together.
 */
export const ERROR_CODES = {
  ERR_USAGE:
    'The command line does not make sense. The message says which word, `--help` shows the right form.',
  ERR_INTERNAL: 'A fault in treeport itself. Please report it with the whole message.',
  ERR_NODE_VERSION: 'This Node is too old to run treeport; the message says which it needs.',
  ERR_OPEN_FILES: 'The process may not open as many files as it needs. Raise the limit with `ulimit -n`.',
  ERR_WORKING_DIRECTORY: 'The working directory was deleted. Change to a directory that exists.',
  ERR_VARIANT:
    'A serialized GVariant is malformed or not in normal form; the message names its type and the byte offset.',
  ERR_CHECKSUM_SYNTAX: 'A checksum is not 64 lower-case hexadecimal digits.',
  ERR_REPO_MISSING: 'There is no ostree repository at this path.',
  ERR_REPO_MODE:
    'The mode of the repository is unknown to treeport, or not one in which this can be done; the message says which to use.',
  ERR_REPO_CONFIG: 'The repository config file cannot be parsed, or is that of an unknown version.',
  ERR_REF_MISSING: 'The ref or revision does not exist in the repository.',
  ERR_REF_SYNTAX: 'A ref name is not valid.',
  ERR_REF_CONFLICT:
    'A ref cannot be set because another one is in the way: `os` and `os/new` exclude each other. Nothing was imported.',
  ERR_COMMIT_MISSING: 'The commit does not exist in the repository.',
  ERR_SUMMARY:
    'The summary file of the repository is damaged or too large and is not served. Write it again: `ostree summary -u`.',
  ERR_REFS_UNREADABLE:
    'The repository has refs, but not one of their commits can be read. Its objects may be gone; run `treeport repo fsck`.',
  ERR_OBJECT_MISSING: 'An object that is needed is not in the repository.',
  ERR_OBJECT_CORRUPT:
    'The bytes of an object do not give its id, or its format is broken. Run `treeport repo fsck`.',
  ERR_OBJECT_UNREADABLE: 'An object exists but cannot be read: permission, or an I/O error of the disk.',
  ERR_XATTRS_UNSUPPORTED:
    'Extended attributes cannot be read here, and this repository mode keeps object data in them.',
  ERR_CONFIG_FILE: 'The file given with --config cannot be read.',
  ERR_METADATA_KEY: 'The metadata of the commit has no such key, or it is not a string where one is needed.',
  ERR_FSCK: 'fsck found bad objects or damaged refs; each is named on a line of its own before.',
  ERR_REF_DAMAGED:
    'A file below `refs` is no ref: it is empty or truncated, or a link that leads nowhere or out of `refs`. Each is named before.',
  ERR_COMMIT_OLDER:
    'The commit is older than the one its ref names, and `--timestamp-check` keeps refs from going back in time.',
  ERR_TIMESTAMP:
    'The time of the commit is outside the years 0 to 9999, which an image cannot express. Give one with --created.',
  ERR_PATH_MISSING: 'The path does not exist in the commit.',
  ERR_IO: 'Reading or writing a file failed; the message has the words of the system.',
  ERR_FILE_UNSAFE:
    'A file of a repository or image is no regular file, or a link leads out of the directory it belongs to. It was not opened; the message says which, and where it leads.',
  ERR_FILE_TOO_LARGE:
    'A file of a repository that is read whole, such as the config, a ref or the summary, is larger than any such file can be.',
  ERR_DISK_FULL: 'No space is left on the target disk. Nothing was written under the final name.',
  ERR_JSON:
    'A JSON document does not parse, is too large or does not have the expected members; the message says which.',
  ERR_DIGEST_SYNTAX:
    'A digest is not `sha256:` and 64 lower-case hexadecimal digits; no other algorithm is known.',
  ERR_COMPRESSION: 'A layer compression is not gzip or zstd with a level that exists.',
  ERR_IMAGE_REFERENCE: 'An image reference is not TRANSPORT:NAME with a known transport.',
  ERR_IMAGE_MISSING: 'There is no image at this place, or none with this tag or for this platform.',
  ERR_IMAGE_AMBIGUOUS: 'Several images are at this place; name one by its tag.',
  ERR_IMAGE_UNSUPPORTED: 'The image, a layer or an archive is in a format that treeport does not read.',
  ERR_IMAGE_TARGET:
    'The target exists and is something else than an image of its kind. It was left as it is.',
  ERR_BLOB_MISSING: 'A blob that the image needs is not there.',
  ERR_BLOB_CORRUPT:
    'A blob has not the size or digest its descriptor says, or does not decompress. Copy the image again.',
  ERR_SKOPEO_MISSING: 'skopeo is needed for this transport and is not installed.',
  ERR_SKOPEO: 'skopeo failed; the message has its last words.',
  ERR_REGISTRY_UNREACHABLE:
    'The registry does not answer, or the connection broke. What was read so far is not used; try again.',
  ERR_REGISTRY_STALLED:
    'The registry keeps the connection open and sends nothing, for 60 s or what --stall-timeout says. What was read so far is not used; try again.',
  ERR_REGISTRY_AUTH:
    'The registry refuses the credentials, or wants some. Run `podman login`, or name a file with --authfile.',
  ERR_REGISTRY_TLS:
    "The registry's certificate cannot be verified, or it speaks no TLS. Install its CA, name a directory with --cert-dir, or allow it in registries.conf.",
  ERR_STORAGE_MOUNT:
    'The image in container storage cannot be mounted here; the message says why. Its layers can be read all the same.',
  ERR_POLICY: 'The containers policy (policy.json) refuses the image, or there is no policy to go by.',
  ERR_POLICY_INSECURE:
    'The containers policy accepts this image without a signature, so `ostree-image-signed:` would prove nothing. The message names the rule that applies.',
  ERR_CATALOGUE:
    "The catalogue of a mirror image's published repository is damaged. Build the mirror image again.",
  ERR_REF_BINDING:
    'The commit is bound to other ref names, so clients would refuse it under this one. The message lists the names.',
  ERR_NOT_ENCAPSULATED:
    'The image has no label `ostree.final-diffid`, or none that fits its layers: it was not made from an ostree commit.',
  ERR_ALREADY_MIRROR:
    'The image is a mirror image already. Start from the encapsulated image that it was made from.',
  ERR_RUNTIME:
    'The files that a mirror image runs with cannot be put together here. The message names what is missing.',
  ERR_SEAL_OWNERS:
    'The build changed owners, modes or bytes of objects, as rootless builds do. Build as root, or use `treeport mirror wrap`.',
  ERR_CACHE_DIR:
    'The cache directory of the server cannot be made or written, holds files that are no cache, or lies in or around the repository.',
  ERR_LISTEN:
    "The server cannot listen: the port is in use, or the address is not this machine's, or not allowed.",
  ERR_TAR: 'A tar stream is malformed or cut off.',
  ERR_TAR_OBJECT:
    'An entry of a tar stream breaks the rules of the ostree tar formats; the message names the entry.',
  ERR_LIBOSTREE_MISSING:
    'libostree 2022.7 or later is needed to write to repositories and is not installed. The message says what to install.',
  ERR_LIBOSTREE: 'libostree failed; the message has its words.',
  ERR_REPO_READ_ONLY: 'The repository cannot be written: a read-only file system, or no permission.',
  ERR_OBJECT_TOO_LARGE: 'A metadata object is larger than ostree clients accept (128 MiB).',
  ERR_REMOTE_MISSING: 'The repository has no such remote. The message says which it has, and how to add one.',
  ERR_REMOTE_UNVERIFIED:
    'The remote has both `gpg-verify` and `sign-verify` off, so nothing would be verified by it.',
  ERR_NO_KEYS:
    'The remote demands signatures, but there is no usable key to verify them with. The message says where one was looked for.',
  ERR_SIGNATURE_MISSING: 'The commit is not signed, or not in a way that the remote demands.',
  ERR_SIGNATURE_BAD:
    'A signature of the commit is wrong: the commit or the signature was changed, or another key made it.',
  ERR_SIGNATURE_UNKNOWN_KEY:
    'The commit is signed with a key that the remote does not have. Import the key if you trust it.',
  ERR_SIGNATURE_EXPIRED: 'The signature of the commit, or the key that made it, has expired.',
  ERR_SIGNATURE_REVOKED: 'The key that signed the commit is revoked.',
  ERR_SIGNING_KEY: 'The secret key to sign with is none of its kind.',
  ERR_OBJECT_STRAY:
    'The tar stream or image holds an object that does not belong to its commit. Nothing was imported.',
  ERR_UNVERIFIED_REFERENCE:
    'The image reference does not say how to verify what it brings. Put a scheme in front, or give --unverified.',
  ERR_NOT_READY: 'The server asked by `check` does not answer, or is not ready; the message has its answer.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
