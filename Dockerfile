# Two stages: the binary is static, so the image holds it and the certificates and nothing else.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags '-s -w' -o /atrium ./cmd/atrium && mkdir -p /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /atrium /usr/local/bin/atrium
COPY --from=build --chown=nonroot:nonroot /data /data
VOLUME /data
EXPOSE 8080 9090
ENV ATRIUM_DATA=/data ATRIUM_ADMIN_LISTEN=0.0.0.0:9090
ENTRYPOINT ["/usr/local/bin/atrium"]
CMD ["serve"]
