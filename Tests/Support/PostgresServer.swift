import Foundation
import Synchronization

/// A throw-away PostgreSQL cluster, started once per test process and stopped when that process ends, however it ends.
///
/// With `RAPPORT_TEST_DATABASE_URL` set, that server is used instead (the role needs CREATEDB).
enum PostgresServer {
    struct Unavailable: Error, CustomStringConvertible {
        var description: String
    }

    /// A URL up to the database's name, and what follows it.
    struct Address: Sendable {
        var prefix: String
        var suffix: String

        func url(database: String) -> String { prefix + database + suffix }
    }

    private static let started = Task<Address, any Error> { try await start() }

    static func address() async throws -> Address {
        try await started.value
    }

    private static func start() async throws -> Address {
        if let given = ProcessInfo.processInfo.environment["RAPPORT_TEST_DATABASE_URL"], !given.isEmpty {
            return try parse(given)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", String(ProcessInfo.processInfo.processIdentifier)]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var said = ""
        // The script keeps its output open while it waits for this process to end, so the end of a line counts.
        while !said.contains("\n") {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            said += String(decoding: piece, as: UTF8.self)
        }
        guard said.hasPrefix("ready "), let directory = said.split(separator: " ").last?.split(separator: "\n").first else {
            throw Unavailable(description: "no PostgreSQL could be started: \(said)")
        }
        return Address(prefix: "postgresql:///", suffix: "?host=\(directory)&user=postgres")
    }

    private static func parse(_ url: String) throws -> Address {
        guard let scheme = url.range(of: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/") else {
            throw Unavailable(description: "RAPPORT_TEST_DATABASE_URL needs a database name")
        }
        let rest = url[url.index(after: slash)...]
        let query = rest.firstIndex(of: "?").map { String(rest[$0...]) } ?? ""
        return Address(prefix: String(url[...slash]), suffix: query)
    }

    /// Runs the server as the user `postgres` where this process is root (the server refuses to be root).
    private static let script = """
        parent=$1
        bin=$(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -V | tail -1)
        [ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")
        [ -x "$bin/initdb" ] || { echo "initdb not found"; exit 1; }
        dir=$(mktemp -d /tmp/rapport-pg.XXXXXX)
        as=""
        if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; fi
        chmod 755 "$dir"
        cd "$dir"
        $as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
        $as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/data/server.log" \
            -o "-c listen_addresses='' -c unix_socket_directories=$dir -c max_connections=400 -c fsync=off -c shared_buffers=64MB" \
            start >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
        echo "ready $dir"
        exec >/dev/null 2>&1
        while kill -0 "$parent"; do sleep 0.3; done
        $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop
        rm -rf "$dir"
        """
}
