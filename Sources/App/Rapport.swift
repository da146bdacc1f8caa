import ArgumentParser
import Storage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The command line. `Assembly` shows how the parts of a running server fit together.
@main
struct Rapport: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "rapport",
        abstract: "Sends what a business has to tell its clients: by e-mail, SMS and WhatsApp, at the right time, durably.",
        discussion: """
            Settings come from the environment or a file of KEY=VALUE lines (--config); `rapport serve --help` lists them. With none \
            of them set it runs on SQLite with every channel in the sandbox.

            Exit status: 0 done, 1 failed, 64 wrong usage or settings.
            """,
        version: version,
        subcommands: [
            Serve.self,
            Migrate.self,
            Doctor.self,
            Demo.self,
            Emulate.self,
            APIKeyCommand.self,
            UserCommand.self,
            BusinessCommand.self,
            AuditCommand.self,
            KeysCommand.self,
            BenchCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as SettingsError {
            Console.complain(error.description)
            Self.exit(withError: ExitCode(64))
        } catch let error as CommandFailure {
            Console.complain(error.description)
            Self.exit(withError: ExitCode.failure)
        } catch let error as DatabaseError {
            Console.complain(error.debugDescription)
            // The line names the setting, as every other wrong setting's does.
            if case .misconfigured = error { Self.exit(withError: ExitCode(64)) }
            Self.exit(withError: ExitCode.failure)
        } catch {
            Self.exit(withError: error)
        }
    }
}

/// A command that could not do its work; one line for the operator.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
