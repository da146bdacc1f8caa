import Core
import HTTPTypes

/// A refusal as a page, for those who look at pages. Faults of ours stay problems, which the log explains.
enum ErrorPage {
    static func shows(_ error: any Error) -> Bool { (400..<500).contains(Problem(error).status.code) }

    static func answer(_ error: any Error, viewer: Viewer?) -> Answer {
        let problem = Problem(error)
        let items = problem.errors.map { error -> HTML in "<li>\(error.field): \(error.message)</li>" }
        let list: HTML = items.isEmpty ? "" : "<ul>\(.joined(items))</ul>"
        var answer = Page(
            title: problem.title,
            content: """
                <section class="narrow">
                <h1>\(problem.title)</h1>
                <p>\(words(problem))</p>
                \(list)
                <p><a href="\(Path.landing.rawValue)">To the start page</a></p>
                </section>
                """, viewer: viewer
        ).answer(problem.status)
        for field in problem.headers where field.name != .wwwAuthenticate { answer.headers.append(field) }
        return answer
    }

    private static func words(_ problem: Problem) -> String {
        guard problem.status == .forbidden else { return problem.detail }
        return "You may not do that. If this came up after you sent a form: go back, reload the page and try again."
    }
}
