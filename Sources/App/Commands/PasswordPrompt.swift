#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks for a password where nobody looks over a shoulder or into a process list: never as an argument.
enum PasswordPrompt {
    /// Twice from a terminal, which does not show it; once from anything else.
    static func read() throws -> String {
        guard isatty(STDIN_FILENO) != 0 else {
            guard let line = readLine(strippingNewline: true) else { throw CommandFailure("no password on standard input") }
            return line
        }
        let first = try hidden("Password: ")
        guard try hidden("The same again: ") == first else { throw CommandFailure("the two passwords differ") }
        return first
    }

    private static func hidden(_ question: String) throws -> String {
        Console.ask(question)
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Console.ask("\n")
        }
        guard let line = readLine(strippingNewline: true) else { throw CommandFailure("no password was given") }
        return line
    }
}
