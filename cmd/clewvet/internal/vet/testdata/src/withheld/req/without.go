package req

import "net/http"

func without(r *http.Request) {
	later(func() { send(http.NewRequest("GET", "/", nil)) }) // want `NewRequestWithContext\(r\.Context\(\), …\)`
	later(func() { send(http.NewRequest("PUT", "/", nil)) }) // want `NewRequestWithContext\(r\.Context\(\), …\)`
	later(func() { send(http.NewRequest(target())) })        // withheld // want `NewRequestWithContext\(r\.Context\(\), …\)`
}

func later(func()) {}
