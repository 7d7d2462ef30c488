// A frontend that is wrong about a tenant's API in five ways.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const client = createClient<paths>({ baseUrl: "http://localhost" });

const { data } = await client.GET("/dashboard/{id}", { params: { path: { id: "17" } } });
export const field = data?.recentOrdrs;
export const length = data!.offers.length;
await client.GET("/customers", { params: { query: { limit: "three" } } });
await client.GET("/dashbord/{id}", { params: { path: { id: "17" } } });
await client.POST("/orders", { body: { customerId: "17" } });
