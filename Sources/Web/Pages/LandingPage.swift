import Core

/// What stands at `/`.
enum LandingPage {
    static func show(_: Incoming) async -> Answer { page.answer() }

    private static let page = Page(
        title: "Client communications",
        content: """
            <h1>Client communications, on your own server</h1>
            <p class="lead">Rapport takes one request and sees to it that the right message reaches the right client: on the channel they
            prefer, at an hour that suits them, once.</p>
            <div class="cards">
            <a class="card" href="\(Path.sandbox.rawValue)"><strong>Sandbox</strong><span>Messages of channels that have no provider yet.
            Nothing in there was sent to anyone.</span></a>
            <a class="card" href="\(Path.openAPI.rawValue)"><strong>API description</strong><span>Every call, field and error, as OpenAPI
            3.1.</span></a>
            <a class="card" href="\(Path.readiness.rawValue)"><strong>Readiness</strong><span>How the database and each channel are doing
            right now.</span></a>
            </div>
            """)
}
