#!/usr/bin/env python3
"""Speaks the protocol of skopeo's image proxy, in versions that the installed skopeo may not support.

PROXY_ANSWERS names a JSON file: {"version", "replies": {method: reply}, "blobs": {digest: file}}. A reply is
{"value", "error", "bytes": file, "raw", "descriptors", "exit", "stall"}; fields that are left out behave like the real proxy.
A reply with "stall" is never sent; a blob whose file is called "stall" starts and never ends.
Requests, and the arguments of any other command, are logged to PROXY_LOG.
"""
import array
import json
import os
import signal
import socket
import sys
import threading


def note(text):
    with open(os.environ["PROXY_LOG"], "a") as log:
        log.write(text + "\n")


def write_all(descriptor, data):
    try:
        os.write(descriptor, data) if len(data) < 65536 else os.fdopen(descriptor, "wb", closefd=False).write(data)
    except BrokenPipeError:
        pass


def serve(peer, answers):
    pipes = {}
    while True:
        packet = peer.recv(32768)
        if not packet:
            return
        request = json.loads(packet)
        method, args = request["method"], request["args"]
        note(method)
        if method == "Shutdown":
            return
        if method == "FinishPipe":
            writer, thread = pipes.pop(args[0])
            thread.join()
            os.close(writer)
        reply = answers["replies"].get(method, {})
        if reply.get("stall"):
            signal.pause()
        if "exit" in reply:
            sys.stderr.write(reply["exit"])
            sys.exit(1)
        value = {"Initialize": answers["version"], "OpenImage": 1}.get(method)
        answer = {"success": "error" not in reply, "value": reply.get("value", value), "pipeid": 0, "error": reply.get("error", "")}
        file = reply.get("bytes") or (answers["blobs"].get(args[1]) if method == "GetBlob" else None)
        descriptors = []
        if file is not None:
            reader, writer = os.pipe()
            if file == "stall":
                thread = threading.Thread(target=threading.Event().wait, daemon=True)
            else:
                thread = threading.Thread(target=write_all, args=(writer, open(file, "rb").read()), daemon=True)
            thread.start()
            pipes[writer] = (writer, thread)
            answer["pipeid"] = writer
            descriptors = [reader] * reply.get("descriptors", 1)
        data = reply["raw"].encode() if "raw" in reply else json.dumps(answer).encode()
        peer.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else [])
        if descriptors:
            os.close(descriptors[0])


if "experimental-image-proxy" in sys.argv:
    with open(os.environ["PROXY_ANSWERS"]) as file:
        told = json.load(file)
    note(" ".join(sys.argv[1:]))
    serve(socket.socket(fileno=int(sys.argv[sys.argv.index("--sockfd") + 1])), told)
else:
    note(" ".join(sys.argv[1:]))
    sys.stderr.write("this skopeo does nothing else")
    sys.exit(1)
