import ArgumentParser
import Core
import Storage

/// People who sign in to the pages.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create, list, disable and help people who sign in.",
        discussion: "With SQLite, one process at a time uses the database: stop the server first.",
        subcommands: [Create.self, List.self, Disable.self, Enable.self, ResetPassword.self, SetRole.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account that belongs to a business, or let an account into another business.",
            discussion: """
                Asks for the password on the terminal, or reads it from standard input (one line). With --invite it prints a link \
                instead, with which the person chooses name and password themselves.
                """)

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption
        @Option(help: "Their e-mail address, with which they sign in.")
        var email: String
        @Option(help: "Their name, as others see it.")
        var name: String = ""
        @Option(help: "admin, agent or viewer; without it, viewer.", transform: UserCommand.role)
        var role: Role = .viewer
        @Flag(help: "Print an invitation link, good once and for seven days.")
        var invite = false

        func validate() throws {
            if let message = EmailAddressRule.check(email) { throw ValidationError("--email \(message)") }
            if !name.isEmpty, let message = PersonName.check(name) { throw ValidationError("--name \(message)") }
        }

        func run() async throws {
            let settings = try configuration.settings()
            try await Store.with(settings) { [email, name, role, invite, owner] store in
                let business = try await owner.resolve(store)
                if invite {
                    let token = AccountToken()
                    let made = try await store.database.write { tx in
                        guard let invitation = try tx.createInvitation(email: email, role: role, business: business, token: token) else {
                            return false
                        }
                        let entry = AuditEntry(actor: .commandLine, action: "invitation.create", target: invitation.id.description)
                        try tx.audit(entry, business: business)
                        return true
                    }
                    guard made else { throw CommandFailure("they belong to this business already") }
                    return Console.say("\(settings.baseURL)/invitation/\(token.text)")
                }
                let known = try await store.database.read { tx in try tx.user(email: email) }
                var hash: PasswordHash?
                if known == nil {
                    let password = try PasswordPrompt.read()
                    if let message = PasswordRule.check(password, email: email) { throw CommandFailure("the password \(message)") }
                    hash = try await PasswordHasher().hash(password)
                }
                let (user, joined) = try await store.database.write { [hash] tx in
                    let user = try tx.user(email: email) ?? tx.createUser(email: email, name: name, passwordHash: hash)
                    let joined = try tx.addMembership(role, of: user.id, business: business)
                    if joined {
                        let entry = AuditEntry(actor: .commandLine, action: "user.create", target: user.id.description)
                        try tx.audit(entry, business: business)
                    }
                    return (user, joined)
                }
                guard joined else { throw CommandFailure("they belong to this business already") }
                Console.say("id  \(user.id)")
                if known != nil { Console.say("The account was there already; its password is as it was.") }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List accounts with their businesses and roles.")

        @OptionGroup var configuration: ConfigurationOptions

        func run() async throws {
            try await Store.with(try configuration.settings()) { store in
                let lines = try await store.database.read { tx in
                    try tx.users().flatMap { user in
                        let memberships = try tx.memberships(of: user.id)
                        guard !memberships.isEmpty else { return ["\(user.id)  \(UserCommand.state(user, nil))  -       -  \(user.email)"] }
                        return memberships.map { membership in
                            let role = membership.role.rawValue.padded(to: 6)
                            return "\(user.id)  \(UserCommand.state(user, membership))  \(role)  \(membership.business)  \(user.email)"
                        }
                    }
                }
                for line in lines { Console.say(line) }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep somebody out of every business, at once.", discussion: "Sessions and tokens end. Nothing is deleted.")

        @OptionGroup var configuration: ConfigurationOptions
        @Argument(help: "The e-mail address.")
        var email: String

        func run() async throws {
            try await UserCommand.change(email, "user.disable", configuration) { tx, user in try tx.disableUser(user.id) }
            Console.say("disabled")
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let somebody in again.")

        @OptionGroup var configuration: ConfigurationOptions
        @Argument(help: "The e-mail address.")
        var email: String

        func run() async throws {
            try await UserCommand.change(email, "user.enable", configuration) { tx, user in try tx.enableUser(user.id) }
            Console.say("enabled")
        }
    }

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password", abstract: "Print a link with which somebody sets another password.",
            discussion: "The link is good once and for an hour. Sessions end when it is used.")

        @OptionGroup var configuration: ConfigurationOptions
        @Argument(help: "The e-mail address.")
        var email: String
        @Flag(help: "Also switch off the second step, for those who lost their phone and their recovery codes.")
        var removeSecondFactor = false

        func run() async throws {
            let token = AccountToken()
            try await UserCommand.change(email, "user.reset_requested", configuration) { tx, user in
                if removeSecondFactor { _ = try tx.disableTOTP(of: user.id) }
                try tx.createPasswordReset(user: user.id, token: token)
                return true
            }
            Console.say("\(try configuration.settings().baseURL)/reset/\(token.text)")
        }
    }

    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "role", abstract: "Give somebody another role in a business.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption
        @Argument(help: "The e-mail address.")
        var email: String
        @Argument(help: "admin, agent or viewer.", transform: UserCommand.role)
        var role: Role

        func run() async throws {
            try await Store.with(try configuration.settings()) { [email, role, owner] store in
                let business = try await owner.resolve(store)
                let outcome = try await store.database.write { tx -> MembershipChange in
                    guard let user = try tx.user(email: email) else { return .notFound }
                    let outcome = try tx.changeRole(role, of: user.id, business: business)
                    if outcome == .changed {
                        let entry = AuditEntry(actor: .commandLine, action: "user.role", target: user.id.description)
                        try tx.audit(entry, business: business)
                    }
                    return outcome
                }
                switch outcome {
                case .changed, .unchanged: Console.say(role.rawValue)
                case .notFound: throw CommandFailure("nobody with this address belongs to the business")
                case .lastAdmin: throw CommandFailure("the business would be left without an admin")
                }
            }
        }
    }

    private static func role(_ text: String) throws -> Role {
        guard let role = Role(rawValue: text) else { throw ValidationError("the role must be admin, agent or viewer") }
        return role
    }

    /// Changes an account and says so in the log of every business that knows it.
    private static func change(
        _ email: String, _ action: String, _ configuration: ConfigurationOptions,
        _ change: @escaping @Sendable (Transaction, User) throws -> Bool
    ) async throws {
        try await Store.with(try configuration.settings()) { store in
            try await store.database.write { tx in
                guard let user = try tx.user(email: email) else { throw CommandFailure("there is no account with this address") }
                guard try change(tx, user) else { throw CommandFailure("nothing to do: that is how the account is already") }
                let entry = AuditEntry(actor: .commandLine, action: action, target: user.id.description)
                for membership in try tx.memberships(of: user.id) { try tx.audit(entry, business: membership.business) }
            }
        }
    }

    private static func state(_ user: User, _ membership: Membership?) -> String {
        user.disabledAt != nil || membership?.disabledAt != nil ? "disabled" : user.hasTOTP ? "2-step  " : "active  "
    }
}

extension String {
    /// With spaces at its end.
    fileprivate func padded(to width: Int) -> String {
        count >= width ? String(prefix(width)) : self + String(repeating: " ", count: width - count)
    }
}
