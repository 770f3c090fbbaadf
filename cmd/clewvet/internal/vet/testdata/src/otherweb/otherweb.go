package otherweb

import "net/http"

func Access(log func(string, ...any), next http.Handler) http.Handler      { return next }
func Serve(address string, handler http.Handler, log func(string, ...any)) {}

type Recoverer struct{ Log func(string, ...any) }

func (r Recoverer) Wrap(next http.Handler) http.Handler { return next }

type Database struct{ Log func(string, ...any) }
