/// What is said first on a connection: `HELLO 3` with the credentials, and where the server does not know it `AUTH`; then `SELECT`.
struct RedisHandshake {
    enum Step: Equatable {
        case say([RESPArgument])
        case ready
        case failed(RESPError)
    }

    private enum Stage {
        case hello, auth, select, ping, done
    }

    private let username: String?
    private let password: String?
    private let database: Int
    private var stage = Stage.hello
    private var isOldServer = false

    init(_ configuration: RedisConfiguration) {
        username = configuration.username
        password = configuration.password
        database = configuration.database
    }

    /// The first command.
    var first: [RESPArgument] {
        guard let password else { return ["HELLO", "3"] }
        return ["HELLO", "3", "AUTH", RESPArgument(username ?? "default"), RESPArgument(password)]
    }

    mutating func received(_ answer: RESPValue) -> Step {
        guard case .error(let text) = answer else { return next() }
        let kind = RESPError.kind(of: text)
        switch kind {
        case "WRONGPASS", "NOAUTH":
            return .failed(.authentication(password == nil ? "the server wants a password" : "user name or password are wrong"))
        case "ERR" where text.contains("max number of clients"):
            return .failed(.noConnection("the server has too many clients"))
        case "ERR" where text.contains("invalid password"):
            return .failed(.authentication("user name or password are wrong"))
        default: break
        }
        switch stage {
        // Servers before version 6, proxies, and accounts that may not say HELLO.
        case .hello where kind == "ERR" || kind == "NOPROTO" || kind == "NOPERM":
            isOldServer = true
            return next()
        case .auth: return .failed(.authentication("the server refused the credentials (\(kind))"))
        case .select: return .failed(.configuration("the server has no database \(database), or this user may not use it"))
        // PING only shows that the server talks; an account without the right to say it is still an account.
        case .ping where kind == "NOPERM": return next()
        default: return .failed(.noConnection("the server refused the connection (\(kind))"))
        }
    }

    private mutating func next() -> Step {
        switch stage {
        case .hello where isOldServer && password != nil:
            stage = .auth
            return .say(["AUTH"] + (username.map { [RESPArgument($0)] } ?? []) + [RESPArgument(password ?? "")])
        case .hello, .auth:
            if database != 0 {
                stage = .select
                return .say(["SELECT", RESPArgument(database)])
            }
            // An error in answer to HELLO may have meant anything.
            stage = isOldServer ? .ping : .done
            return isOldServer ? .say(["PING"]) : .ready
        case .select, .ping, .done:
            stage = .done
            return .ready
        }
    }
}
