package fiber

import "context"

type Ctx struct{}

func (c *Ctx) Context() any                 { return nil }
func (c *Ctx) UserContext() context.Context { return nil }
