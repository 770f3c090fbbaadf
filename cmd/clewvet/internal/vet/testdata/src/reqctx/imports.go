package reqctx

import "net/http"

type stream interface{ Recv(*http.Request) }

func imports(r *http.Request) {
	spawn(func() { req, _ := http.NewRequest("GET", "/", nil); _, _ = http.DefaultClient.Do(req) }) // want `http.NewRequest without`
}

func spawn(func()) {}
