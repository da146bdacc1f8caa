import HTTPTypes
import Hummingbird

/// The form that asks for an API key.
enum SignInPage {
    static func redirect(from request: Request) -> Answer {
        Answer(status: .seeOther, headers: [.location: Path.sandboxSignIn.rawValue])
    }
}
